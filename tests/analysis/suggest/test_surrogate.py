"""The surrogate: it fits what is measured, knows its uncertainty, and is exact where it can be."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.noise import Noise
from analysis.suggest.measured import Measured
from analysis.suggest.surrogate import Space
from benchmarks.law_truths import fading, sum_of_powers
from benchmarks.simulated_studies import CELLS, flops_alone, groups_of

EXACT = Noise(kind="seeds", scale=1e-4, power=1.0, df=100)


def test_without_noise_it_passes_through_what_is_measured(simulated):
    truth = flops_alone(np.random.default_rng(0))(CELLS)
    groups = groups_of(truth[:, None]).iloc[::2]
    measured = Measured.of(simulated.layout.cells, groups, EXACT)
    found = simulated.layout.space.surrogate(measured)
    np.testing.assert_allclose(np.exp(found.mean)[::2], truth[::2], rtol=1e-4)
    sd = np.sqrt(found.covariance.diagonal())
    assert sd[::2].max() < sd[1::2].min()


def test_before_anything_is_measured_it_knows_nothing(simulated):
    nothing = Measured.of(simulated.layout.cells, groups_of(np.full((len(CELLS), 1), np.nan)), EXACT)
    found = simulated.layout.space.surrogate(nothing)
    assert np.allclose(found.mean, np.log(30))
    assert np.sqrt(found.covariance.diagonal()).min() > 1


def test_its_draws_have_its_mean_and_covariance(simulated, half):
    found = simulated.layout.space.surrogate(simulated(flops_alone(np.random.default_rng(1))).measured(half))
    draws = found.draws(12_000, np.random.default_rng(0))
    sd = np.sqrt(found.covariance.diagonal())
    assert np.abs((draws.mean(axis=0) - found.mean) / sd).max() < 0.06
    np.testing.assert_allclose(draws.std(axis=0), sd, rtol=0.06)


@pytest.mark.parametrize("law", [sum_of_powers, fading], ids=["sum of powers", "gains that fade"])
def test_its_intervals_hold_the_cells_that_are_not_measured(simulated, half, law):
    """No truth has its form; over 40 grids, coverage below 85 % would not be chance."""
    held = []
    for seed in range(40):
        grid = simulated(law(np.random.default_rng(seed))[0], seed)
        found = grid.layout.space.surrogate(grid.measured(half))
        away = (np.log(grid.truth) - found.mean) / np.sqrt(found.covariance.diagonal())
        held.append(np.mean(np.abs(away[~half.any(axis=1)]) < 1.96))
    assert 0.85 < np.mean(held) <= 0.995


def test_settings_are_apart_and_axes_that_do_not_vary_are_none():
    rows = CELLS[CELLS["epochs"] == 10].assign(data="", setting=["a"] * 18 + ["b"] * 18)
    space = Space.of(rows)
    assert space.places.shape == (36, 3)
    assert space.trend.shape == (36, 1 + 3 + 1)
    assert space.places.min(axis=0) == pytest.approx([-0.5] * 3)
