"""Averages of laws: weights by evidence, and intervals that cover beyond the grid."""

from __future__ import annotations

from itertools import product as combinations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from analysis.law import misfit
from analysis.law.average import Average, average
from analysis.law.candidates import interacting
from analysis.law.discrepancy import kernel
from analysis.law.fitted import fit_law
from analysis.law.form import additive, product
from analysis.law.law import Law
from analysis.noise import Noise
from analysis.noise_estimate import seed_noise
from analysis.table import AXES
from benchmarks.law_coverage import KINDS, simulated
from benchmarks.law_truths import BEYOND, VALUES, Truth, flops
from scaling.errors import Refused

NOISE = Noise(kind="seeds", scale=0.2, power=0.0, df=200)


def grid_of(kind: str, seed: int) -> tuple[pd.DataFrame, Truth]:
    generator = np.random.default_rng(seed)
    truth, _ = KINDS[kind].truth(generator)
    cells = pd.DataFrame(list(combinations(*VALUES)), columns=list(AXES), dtype=float)
    cells = cells.assign(data="", setting="", flops=flops(cells))
    return simulated(cells, truth(cells), KINDS[kind], generator), truth


def held_beyond(laws: Law | Average, truth: Truth, groups: pd.DataFrame) -> float:
    """Coverage for the largest networks with one knob at the next value beyond the grid."""
    rows = pd.concat([groups.tail(12).assign(**{knob: BEYOND[knob]}) for knob in AXES])
    low, high = laws.interval(rows)
    return float(((low <= truth(rows)) & (truth(rows) <= high)).mean())


def test_the_form_that_is_true_has_nearly_all():
    groups, _ = grid_of("constant noise", 1)
    found = average(groups, seed_noise(groups), replicates=50)
    assert found.laws[0].form == additive(AXES)
    assert found.shares[0] > 0.9
    assert sum(found.shares) == pytest.approx(1)
    assert len(found.draws(groups)) == 50


def test_laws_that_fit_alike_and_differ_beyond_share_it():
    """Gains turn into losses: the additive form fits all models, but is wrong beyond them."""
    rates = []
    for seed in range(6):
        groups, truth = grid_of("gains turn into losses", seed)
        noise = seed_noise(groups)
        alone = fit_law(additive(AXES), groups, noise, replicates=100)
        rates.append(
            [held_beyond(laws, truth, groups) for laws in (alone, average(groups, noise, replicates=100))]
        )
    of_sum, of_average = np.mean(rates, axis=0)
    assert of_average > 0.85
    assert of_average > of_sum + 0.1


def test_draws_are_of_the_same_functions_in_every_call():
    groups, _ = grid_of("gains fade", 2)
    found = average(groups, seed_noise(groups), replicates=60)
    assert found.draws(groups.head(5)) == pytest.approx(found.draws(groups)[:, :5])
    low, high = found.interval(groups)
    assert ((low < found.error(groups)) & (found.error(groups) < high)).all()


def test_evidence_is_the_density_of_the_rows():
    """The same as scipy's densities, computed one by one for each discrepancy and noise."""
    generator = np.random.default_rng(0)
    places, spread = generator.standard_normal((9, 2)), 0.1 * generator.standard_normal((3, 9))
    off, sd = 0.1 * generator.standard_normal(9), generator.uniform(0.01, 0.03, 9)
    found = []
    for length, size, level in combinations(misfit.LENGTHS, misfit.SIZES, misfit.LEVELS):
        covariance = spread.T @ spread + size**2 * kernel(places, places, length) + np.diag((level * sd) ** 2)
        prior = misfit._prior(np.array([size]), np.array([level]), NOISE, misfit.CONTAINED)[0]
        density = multivariate_normal(np.zeros(9), covariance).logpdf(off)
        found.append(prior + density + 9 / 2 * np.log(2 * np.pi))
    assert misfit.log_evidence(places, off, spread, sd, NOISE) == pytest.approx(logsumexp(found), rel=1e-6)


def test_a_form_that_the_rows_cannot_decide_is_left_out():
    groups, _ = grid_of("constant noise", 3)
    few = groups.iloc[::7]
    forms = {product(AXES): 1.0, interacting(AXES): 1.0}
    assert average(few, NOISE, forms, replicates=20).shares == (1.0,)
    with pytest.raises(Refused, match="16 rows cannot determine the law"):
        average(few, NOISE, {interacting(AXES): 1.0})


def test_of_many_models_the_dearest_have_a_say_too(monkeypatch):
    """If only some rows are used: the cheapest alone would give the true form 57 %."""
    groups, _ = grid_of("constant noise", 1)
    monkeypatch.setattr("analysis.law.average.MAX_MEASURED", 24)
    found = average(groups.sort_values("flops"), seed_noise(groups), replicates=100)
    assert found.laws[0].form == additive(AXES)
    assert found.shares[0] > 0.7


def test_odds_that_are_doubled_double_a_form_s_share():
    groups, _ = grid_of("gains turn into losses", 0)
    noise = seed_noise(groups)
    shares = {
        odds: dict(zip((law.form for law in found.laws), found.shares, strict=True))
        for odds in (1.0, 2.0)
        for found in [average(groups, noise, {additive(AXES): odds, product(AXES): 1.0}, replicates=400)]
    }
    ratio = [each[additive(AXES)] / each[product(AXES)] for each in shares.values()]
    assert ratio[1] == pytest.approx(2 * ratio[0], rel=0.2)
