"""Uneven noise: found where repeats show it, with intervals that cover, and not found where noise is even."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.uneven import draw_factors
from benchmarks.simulated_studies import Kind, nothing_matters, simulated

ALONE, PAIRED = np.arange(120), np.arange(120) // 2
"""Parts of 120 models: each by itself, and two by two."""


def drawn(variance, df, *, seed, parts=(ALONE, PAIRED)):
    generator = np.random.default_rng(seed)
    own = np.full(len(ALONE), float(df))
    squares = variance * generator.chisquare(own)
    return draw_factors(squares * own.sum() / squares.sum(), own, parts, 500, generator)


@pytest.mark.parametrize("df", [1, 2, 9])
def test_even_noise_is_seldom_called_uneven(df):
    assert sum(drawn(np.ones(120), df, seed=seed) is not None for seed in range(200)) <= 4


def test_the_factors_of_uneven_noise_are_those_planted():
    """Noise has 20 times the standard deviation, and so 400 times the variance, in one model of six."""
    loud = ALONE % 12 < 2
    factors = drawn(np.where(loud, 400.0, 1.0), 9, seed=0)
    assert np.median(factors[:, loud]) / np.median(factors[:, ~loud]) == pytest.approx(400, rel=0.3)
    assert factors[:, loud].mean() == pytest.approx(6, rel=0.3)  # relative to the mean of all


@pytest.mark.parametrize(("num_loud", "most"), [(4, 0.3), (40, 0.15)])
def test_means_of_three_runs_are_seldom_beyond_their_draws(num_loud, most):
    """5 % of all means are beyond their 95 % interval; of loud models more, though with pooled noise it would
    be 71 % of four, and 26 % of forty."""
    loud, beyond = num_loud > ALONE, []
    spread = np.where(loud, 20.0, 1.0)
    for seed in range(60):
        generator = np.random.default_rng(1000 + seed)
        squares = spread**2 * generator.chisquare(2, len(spread))
        factors = draw_factors(squares, np.full(len(spread), 2.0), [ALONE], 500, generator)
        around = np.sqrt(factors) * generator.standard_normal(factors.shape)
        mean = spread * generator.standard_normal(len(spread))
        low, high = np.quantile(around, [0.025, 0.975], axis=0)
        beyond.append((mean < low) | (mean > high))
    assert np.mean(beyond) == pytest.approx(0.05, abs=0.015)
    assert np.mean([each[loud] for each in beyond]) < most


def test_models_without_repeats_may_be_as_loud_as_any():
    """Half of the models were trained once: nothing says which of them are loud."""
    generator, own = np.random.default_rng(0), np.where(ALONE < 60, 4.0, 0.0)
    squares = np.where(ALONE % 3 == 0, 400.0, 1.0) * generator.chisquare(4, len(ALONE)) * (own > 0)
    factors = draw_factors(squares, own, [ALONE], 4000, generator)
    once, quiet = factors[:, 60:], factors[:, :60][:, ALONE[:60] % 3 > 0]
    assert np.quantile(once, 0.9) > 5 * np.quantile(quiet, 0.9)


@pytest.mark.parametrize("num_seeds", [1, 3])
def test_a_loud_width_decides_nothing(num_seeds):
    """40 studies in which nothing matters, with 20 times the noise at the widest networks."""
    kind = Kind(nothing_matters, loud=("width", 1.5, 20.0), num_seeds=num_seeds)
    studies = [simulated(kind, np.random.default_rng((9, seed)), 1000) for seed in range(40)]
    wrong = [any(each.prefer != "undecided" for each in study.pairs.by_resolution) for study in studies]
    assert sum(wrong) <= 5
