"""Exponents of a law whose optimal path is known in closed form."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.law.exponents import COMPOUND, UNDETERMINED, exponents, exponents_json, exponents_sentence
from analysis.law.fitted import fit_law
from analysis.law.form import additive, power_law
from analysis.law.form import product as product_form
from analysis.noise import Noise

NOISE = Noise(kind="seeds", scale=0.1, power=0, df=100)
FALLS = {"depth": 0.8, "width": 1.2, "resolution": 1.6}
"""Exponents with which the parts of the error fall."""
PRICES = {"depth": 1, "width": 2, "resolution": 2}
"""Exponents with which FLOPs grow."""


def grid(seed=0, *, resolutions=(96, 128, 160, 224, 320), spread=0.1):
    """Error = 4 + a falling part per knob, with its optimum in the middle of the grid; six seeds each."""
    knobs = product((14, 26, 50, 101, 200), (0.25, 0.5, 1.0, 2.0), resolutions, (10,))
    rows = pd.DataFrame(list(knobs), columns=["depth", "width", "resolution", "epochs"])
    middle = {"depth": 50, "width": 0.7, "resolution": 170}
    error = 4 + sum(
        4 * PRICES[knob] / FALLS[knob] * (rows[knob] / middle[knob]) ** -FALLS[knob] for knob in FALLS
    )
    flops = np.prod([rows[knob] ** float(PRICES[knob]) for knob in PRICES], axis=0)
    error += np.random.default_rng(seed).standard_normal(len(rows)) * spread / np.sqrt(6)
    of_runs = {"num_seeds": 6, "variance": spread**2, "reading_variance": 0.0}
    return rows.assign(flops=1e5 * flops, error=error, data="", setting="a", **of_runs)


def expected(knobs=tuple(FALLS)):
    """At the optimum, a A x^-a / price is the same for all knobs, so log x grows in proportion to 1 / a."""
    whole = sum(PRICES[knob] / FALLS[knob] for knob in knobs)
    return {knob: 1 / FALLS[knob] / whole for knob in knobs}


def test_the_slopes_are_those_of_the_planted_law():
    """Over 60 grids, the intervals covered the truth in 98 to 100 %."""
    covered = []
    for seed in range(8):
        rows = grid(seed)
        found = exponents(fit_law(additive(tuple(FALLS)), rows, NOISE, replicates=100), rows)
        for knob, slope in expected().items():
            exponent = getattr(found, knob)
            assert exponent.estimate == pytest.approx(slope, abs=0.005)
            assert exponent.ci95[1] - exponent.ci95[0] < 0.01
            covered.append(exponent.ci95[0] < slope < exponent.ci95[1])
        assert rows["flops"].min() < found.flops[0] < found.flops[1] < rows["flops"].max()
        shares = sum(PRICES[knob] * getattr(found, knob).estimate for knob in FALLS)
        assert shares == pytest.approx(1, abs=1e-6)
    assert sum(covered) >= 20  # of 24


def test_a_knob_with_one_value_is_undetermined_and_the_others_are_not():
    rows = grid(resolutions=(160,))
    found = exponents(fit_law(additive(("depth", "width")), rows, NOISE), rows)
    assert found.resolution == UNDETERMINED
    for knob, slope in expected(("depth", "width")).items():
        assert getattr(found, knob).estimate == pytest.approx(slope, abs=0.05)
    assert "the law does not have resolution" in exponents_sentence(found)


def test_at_the_edge_of_the_range_nothing_is_told():
    """In a product of powers, only the best knob grows, to the end of its range."""
    rows = grid()
    found = exponents(fit_law(product_form(tuple(FALLS)), rows, NOISE), rows)
    assert (found.depth, found.width, found.resolution) == (UNDETERMINED,) * 3
    assert "edge of the measured range" in found.reason


def test_noise_widens_the_intervals_until_nothing_is_told():
    widths = []
    for spread in (1.0, 6.0, 60.0):
        rows = grid(spread=spread)
        rows["error"] = rows["error"].clip(lower=1.0)
        noise = Noise(kind="seeds", scale=spread, power=0, df=100)
        ci95 = exponents(fit_law(additive(tuple(FALLS)), rows, noise), rows).depth.ci95
        widths.append(ci95 and ci95[1] - ci95[0])
    assert widths[0] < widths[1] / 3
    assert widths[2] is None


@pytest.mark.parametrize("form", [None, power_law("flops")])
def test_without_a_law_in_the_knobs_nothing_is_told(form):
    rows = grid()
    law = form and fit_law(form, rows, NOISE)
    found = exponents(law, rows)
    assert exponents_json(found) == {
        knob: {"estimate": None, "ci95": None, "status": "undetermined"} for knob in COMPOUND
    }
    assert found.reason


def test_they_stand_beside_efficientnet_s():
    """Depth 1.2, width 1.1 and resolution 1.15 for twice the FLOPs (Tan and Le 2019)."""
    for knob, ratio in {"depth": 1.2, "width": 1.1, "resolution": 1.15}.items():
        assert COMPOUND[knob] == pytest.approx(np.log2(ratio), abs=5e-4)
    rows = grid()
    sentence = exponents_sentence(exponents(fit_law(additive(tuple(FALLS)), rows, NOISE), rows))
    assert "EfficientNet 0.263" in sentence
    assert "at 10 epochs" in sentence
