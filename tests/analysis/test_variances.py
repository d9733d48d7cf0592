"""Variances: slopes are recovered from repeats with their stated uncertainty, and not found in a null."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.variances import fit_slopes, weigh_slopes

FLAT, WIDE = np.zeros(2), np.ones(2)
NONE = np.full(2, 0.01)


def repeats(slopes, *, num_groups, seed, df=2.0):
    """Variances of `num_groups` groups with `df` degrees of freedom each, and their features."""
    generator = np.random.default_rng(seed)
    features = generator.uniform(-1.5, 1.5, (num_groups, 2))
    spread = 0.04 * np.exp(features @ slopes)
    own = np.full(num_groups, df)
    return spread * generator.chisquare(df, num_groups) / df, own, features


def test_slopes_are_found_as_surely_as_their_scatter_says():
    """150 samples of 200 groups: estimates divided by their stated scatter are standard normal."""
    planted = np.array([0.8, -0.5])
    away = []
    for seed in range(150):
        found, _ = fit_slopes(*repeats(planted, num_groups=200, seed=seed), FLAT, WIDE)
        away.append((found.estimate - planted) / np.sqrt(found.scatter.diagonal()))
    assert np.mean(away, axis=0) == pytest.approx(0, abs=0.3)
    assert np.std(away, axis=0) == pytest.approx(1, abs=0.2)


def test_the_best_slopes_are_a_minimum():
    """They minimise the loss, whose value enters the evidence, from starts at the prior's mean or far off."""
    sample = repeats(np.array([1.0, 0.0]), num_groups=60, seed=3)
    best, _ = fit_slopes(*sample, FLAT, np.full(2, 100.0))
    again, _ = fit_slopes(*sample, np.array([3.0, -3.0]), np.full(2, 100.0))
    assert again.estimate == pytest.approx(best.estimate, abs=0.01)


def test_a_group_whose_repeats_agree_is_no_obstacle():
    variance, df, features = repeats(FLAT, num_groups=60, seed=5)
    variance[7] = 0.0
    assert np.abs(weigh_slopes(variance, df, features, FLAT, np.stack([NONE, WIDE])).estimate).max() < 0.3


def test_few_repeats_are_not_read_as_slopes():
    """Eight groups with one repeat each: under the wide prior alone, the estimates would be far larger."""
    both = np.stack([NONE, WIDE])
    samples = [repeats(FLAT, num_groups=8, seed=seed, df=1.0) for seed in range(50)]
    weighed = [weigh_slopes(*sample, FLAT, both).estimate for sample in samples]
    wide = [fit_slopes(*sample, FLAT, WIDE)[0].estimate for sample in samples]
    assert np.square(weighed).mean() < 0.35 * np.square(wide).mean()


def test_many_repeats_outweigh_the_prior_without_slopes():
    planted = np.array([0.8, -0.5])
    sample = repeats(planted, num_groups=400, seed=2)
    assert weigh_slopes(*sample, FLAT, np.stack([NONE, WIDE])).estimate == pytest.approx(planted, abs=0.2)
