"""Law and pairs together: a formula that disagrees with the pairs is reported."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.law.fitted import fit_law
from analysis.law.form import additive
from analysis.noise import group_seeds
from analysis.noise_estimate import seed_noise
from analysis.pairs.agreement import Agreement, agreements
from analysis.pairs.pairs import depth_against_width
from analysis.replicates import draw_errors
from analysis.source.clean import build_table
from analysis.table import AXES

GRID = {
    "depths": (26, 50, 101, 200),
    "widths": (0.5, 0.7, 1.0),
    "resolutions": (128, 160, 224),
    "epochs": (10, 100),
}


def agreed(frame):
    groups = group_seeds(build_table(frame, name="x", source="x").usable)
    noise = seed_noise(groups)
    pairs = depth_against_width(groups, noise, draw_errors(groups, noise))
    return agreements(fit_law(additive(AXES), groups, noise, replicates=20), pairs, groups)


def sum_of_powers(frame, generator):
    """The same rows with a truth of the additive form."""
    start = {"depth": 26, "width": 0.5, "resolution": 128, "epochs": 10}
    exponents = {"depth": 0.6, "width": 0.8, "resolution": 1.0, "epochs": 0.5}
    parts = [6 * (frame[axis] / start[axis]) ** -exponents[axis] for axis in start]
    return frame.assign(top1=92 - sum(parts) + 0.2 * generator.standard_normal(len(frame)))


def test_a_law_that_contains_the_truth_agrees(planted):
    generator = np.random.default_rng(3)
    found = agreed(sum_of_powers(planted(generator=generator, **GRID), generator))
    assert [each.epochs for each in found] == [10, 100]
    assert all(each.agree for each in found)


def test_a_law_whose_form_has_no_turn_disagrees_where_depth_and_width_turn(planted):
    """The form has one exponent per knob for all epochs, but depth wins or loses a point with the epochs."""
    turn = lambda epochs: 1.5 * np.log10(epochs / 30)  # noqa: E731
    found = agreed(planted(generator=np.random.default_rng(3), depth_bonus=turn, **GRID))
    assert [each.pairs_points > 0 for each in found] == [False, True]
    assert not all(each.agree for each in found)


def test_no_law_is_no_agreement(planted):
    groups = group_seeds(
        build_table(planted(generator=np.random.default_rng(3)), name="x", source="x").usable
    )
    noise = seed_noise(groups)
    pairs = depth_against_width(groups, noise, draw_errors(groups, noise))
    assert agreements(None, pairs, groups) == ()


@pytest.mark.parametrize(("law_points", "agree"), [(0.2, True), (0.9, False), (-0.4, False)])
def test_it_agrees_within_the_interval_of_the_pairs(law_points, agree):
    found = Agreement(epochs=10, pairs_points=0.3, pairs_ci95=(-0.1, 0.7), law_points=law_points)
    assert found.agree is agree


def test_a_difference_of_no_weight_is_no_disagreement():
    assert Agreement(epochs=10, pairs_points=0.3, pairs_ci95=(0.25, 0.35), law_points=0.4).agree
