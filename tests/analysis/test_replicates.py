"""Replicates: intervals with their nominal coverage, and verdicts that hold for many effects jointly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from analysis.noise import Noise, group_seeds
from analysis.noise_estimate import interaction_noise, seed_noise
from analysis.replicates import beyond_noise, bounds, draw_errors, interval
from analysis.source.clean import build_table


def groups_of(frame):
    return group_seeds(build_table(frame, name="x", source="x").usable)


@pytest.mark.parametrize("num_seeds", [2, 3])
def test_the_interval_of_one_mean_covers_at_its_level(planted, seeded, num_seeds):
    """Few groups, so that Student's t matters: a naive bootstrap of two seeds covers far less."""
    grid = {"depths": (26, 50), "widths": (0.5,), "resolutions": (128,), "num_seeds": 1, "noise": 0.0}
    truth = groups_of(planted(generator=np.random.default_rng(0), **grid))
    hits = []
    for seed in range(400):
        groups = seeded(truth, generator=np.random.default_rng(seed), num_seeds=num_seeds)
        low, high = interval(draw_errors(groups, seed_noise(groups))[:, 0])
        hits.append(low <= truth["error"].iloc[0] <= high)
    assert 0.92 <= np.mean(hits) <= 0.985


@pytest.mark.parametrize("growth", [-0.4, 0.0, 0.4])
def test_the_interval_of_one_difference_covers_where_noise_follows_size(planted, seeded, growth):
    """Two neighbouring networks, the smallest or the largest, with half or twice the noise of the middle."""
    grid = {"depths": (26, 50, 101, 200), "resolutions": (128, 160, 224), "num_seeds": 1, "noise": 0.0}
    truth = groups_of(planted(generator=np.random.default_rng(0), **grid))
    size = truth["depth"] * truth["width"] ** 2
    spread = (0.2 * (size / np.exp(np.log(size).mean())) ** growth).to_numpy()
    by_size = size.drop_duplicates().sort_values().index
    for ends in (by_size[:2], by_size[-2:]):
        one, other = ends
        right = truth["error"].iloc[one] - truth["error"].iloc[other]
        hits = []
        for seed in range(300):
            groups = seeded(
                truth, generator=np.random.default_rng(seed), num_seeds=3, noise=lambda *_: spread
            )
            draws = draw_errors(groups, seed_noise(groups), 1000)
            low, high = interval(draws[:, one] - draws[:, other])
            hits.append(low <= right <= high)
        assert 0.92 <= np.mean(hits) <= 0.98


def test_draws_are_the_same_every_time(planted):
    groups = groups_of(planted(generator=np.random.default_rng(1)))
    noise = seed_noise(groups)
    assert np.array_equal(draw_errors(groups, noise), draw_errors(groups, noise))


def test_draws_hold_what_a_reading_may_be_off(planted):
    frame = planted(generator=np.random.default_rng(3), num_seeds=1).assign(top1_uncertainty=0.6)
    groups = groups_of(frame)
    spread = draw_errors(groups, Noise(kind="declared", scale=0.2, power=0.0, df=1000)).std(axis=0)
    assert spread == pytest.approx(np.hypot(0.2, 0.6 / np.sqrt(3)), rel=0.1)


def test_of_many_null_effects_one_in_twenty_studies_has_one_beyond_noise():
    """200 studies of 40 effects that share half their noise; a large effect among them is found."""
    generator = np.random.default_rng(0)
    spread = 0.3 * np.sqrt(0.5)
    level = np.sqrt(20 / generator.chisquare(20, (2000, 1)))
    shared, own = generator.standard_normal((2000, 1)), generator.standard_normal((2000, 40))
    around = spread * level * (shared + own)
    false = []
    for _ in range(200):
        values = spread * (generator.standard_normal() + generator.standard_normal(40))
        false.append(beyond_noise(values, values + around, bounds(values + around)).any())
        values[7] += 5.0
        assert beyond_noise(values, values + around, bounds(values + around))[7]
    assert 0.01 <= np.mean(false) <= 0.1


@pytest.mark.parametrize(("value", "is_beyond"), [(2.0, True), (1.9, False)])
def test_a_value_alone_is_beyond_noise_where_its_interval_excludes_0(value, is_beyond):
    """For a standard normal, 95 % of values are within 1.96 and 96 % within 2.05."""
    around = norm.ppf((np.arange(4000) + 0.5) / 4000)[:, None]
    alone, with_none = np.array([value]), np.array([value, 0.0])
    assert beyond_noise(alone, alone + around, bounds(alone + around)).tolist() == [is_beyond]
    two = np.hstack([around, around])
    assert not beyond_noise(with_none, with_none + two, bounds(with_none + two)).any()


def test_each_regime_has_the_noise_of_its_own_repeats(planted):
    """Short runs with the same errors as long ones, but five times as noisy."""
    frame = planted(
        generator=np.random.default_rng(4), epochs=(10, 100), resolutions=(128, 160, 224), noise=0.0
    )
    spread = np.where(frame["epochs"] == 10, 0.5, 0.1)
    frame["top1"] = 80.0 + spread * np.random.default_rng(5).standard_normal(len(frame))
    groups = groups_of(frame)
    drawn = draw_errors(groups, seed_noise(groups)).std(axis=0) * np.sqrt(3)
    short = (groups["epochs"] == 10).to_numpy()
    assert drawn[short].mean() == pytest.approx(0.5, rel=0.2)
    assert drawn[~short].mean() == pytest.approx(0.1, rel=0.6)


def test_of_many_repeats_a_few_keep_the_noise_that_all_have_shown(planted):
    """As when a table is thinned; also if the few agree to the last digit."""
    groups = groups_of(planted(generator=np.random.default_rng(4), resolutions=(128, 160, 224), noise=0.2))
    noise = seed_noise(groups)
    without = groups.assign(num_seeds=1, variance=np.nan)
    spread = []
    for place in range(len(groups)):
        few = without.copy()
        few.loc[place, ["num_seeds", "variance"]] = groups.loc[place, ["num_seeds", "variance"]]
        spread.append(np.delete(draw_errors(few, noise, 1000).std(axis=0), place).mean())
    assert 0.15 < min(spread) < max(spread) < 0.3
    few.loc[place, "variance"] = 0.0
    assert np.isfinite(draw_errors(few, noise, 1000)).all()


def test_models_without_repeats_have_the_noise_that_others_showed(planted):
    groups = groups_of(planted(generator=np.random.default_rng(4), noise=0.2))
    once = groups.assign(num_seeds=1, variance=np.nan)
    assert draw_errors(once, seed_noise(groups)).std(axis=0) == pytest.approx(0.2, rel=0.5)


def test_a_regime_without_repeats_has_the_noise_of_the_others(planted):
    frame = planted(generator=np.random.default_rng(4), epochs=(10, 100), noise=0.2)
    groups = groups_of(frame[(frame["epochs"] == 10) | (frame["seed"] == 0)])
    drawn = draw_errors(groups, seed_noise(groups)).std(axis=0)
    assert drawn[(groups["epochs"] == 100).to_numpy()].mean() == pytest.approx(0.2, rel=0.35)


def test_copies_by_other_seeds_make_no_interval_narrower(planted):
    """The noise of the interaction is that of a mean; three copies of a run are one run."""
    frame = planted(generator=np.random.default_rng(1), num_seeds=1, resolutions=(128, 160, 192, 224))
    once = groups_of(frame)
    copies = groups_of(pd.concat([frame.assign(seed=seed) for seed in range(3)]))
    noise = interaction_noise(once)
    assert (copies["num_seeds"] == 3).all()
    assert np.array_equal(draw_errors(copies, noise), draw_errors(once, noise))
