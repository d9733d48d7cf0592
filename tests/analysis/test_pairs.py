"""Depth against width: planted truths are found, null grids are left undecided, intervals cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.noise import UNKNOWN, draw_errors, group_seeds, interaction_noise, seed_noise
from analysis.pairs import depth_against_width
from analysis.table import build_table

GRID = {"depths": (26, 50, 101), "widths": (0.25, 0.5, 1.0), "resolutions": (128, 160)}


def groups_of(frame):
    return group_seeds(build_table(frame, name="x", source="x").usable)


def pairs_of(groups):
    noise = seed_noise(groups)
    if not noise.known:
        noise = interaction_noise(groups)
    return depth_against_width(groups, noise, draw_errors(groups, noise))


@pytest.mark.parametrize(("bonus", "verdict"), [(0.5, "depth"), (-0.5, "width"), (0.0, "undecided")])
def test_the_planted_verdict_is_found(planted, bonus, verdict):
    regime = pairs_of(
        groups_of(planted(generator=np.random.default_rng(2), depth_bonus=bonus, **GRID))
    ).regimes
    assert [found.prefer for found in regime] == [verdict]


def true_mean(table, bonus):
    base = 1e8 * table["depth"] / 26 * (table["width"] / 0.5) ** 2 * (table["resolution"] / 128) ** 2
    return float((bonus * np.log2(table["flops"] / base)).mean())


@pytest.mark.parametrize(
    ("num_seeds", "noise", "missing"),
    [(3, 0.2, 0.0), (2, lambda error, _: 0.012 * error, 0.15), (2, 0.2, 0.0)],
    ids=["three seeds", "noise in proportion, cells missing", "two seeds"],
)
def test_intervals_cover_and_nulls_stay_undecided(planted, seeded, num_seeds, noise, missing):
    """200 simulated studies: coverage near 95 %, and no more false verdicts than that leaves room for."""
    truth = groups_of(
        planted(generator=np.random.default_rng(9), num_seeds=1, noise=0.0, missing=missing, **GRID)
    )
    covered, decided = [], []
    for seed in range(200):
        groups = seeded(truth, generator=np.random.default_rng(seed), num_seeds=num_seeds, noise=noise)
        regime = pairs_of(groups).regimes[0]
        covered.append(regime.ci95[0] <= 0 <= regime.ci95[1])
        decided.append(regime.prefer != "undecided")
    assert 0.91 <= np.mean(covered) <= 0.985
    assert np.mean(decided) <= 0.09


def test_an_advantage_of_half_a_point_is_nearly_always_decided(planted, seeded):
    """Seed noise 0.2, three seeds: power is the other half of honesty."""
    truth = groups_of(
        planted(generator=np.random.default_rng(0), num_seeds=1, noise=0.0, depth_bonus=0.4, **GRID)
    )
    verdicts = []
    for seed in range(50):
        groups = seeded(truth, generator=np.random.default_rng(seed), num_seeds=3)
        found = pairs_of(groups)
        verdicts.append(found.regimes[0].prefer)
    assert true_mean(found.table, 0.4) == pytest.approx(0.5, abs=0.1)
    assert verdicts.count("depth") >= 48


def test_one_seed_is_judged_by_the_interaction(planted):
    grid = {**GRID, "resolutions": (128, 160, 192, 224)}
    frames = [
        planted(generator=np.random.default_rng(1), num_seeds=1, depth_bonus=bonus, **grid)
        for bonus in (0.0, 0.6)
    ]
    assert [pairs_of(groups_of(frame)).regimes[0].prefer for frame in frames] == ["undecided", "depth"]


def test_unknown_noise_decides_nothing(planted):
    groups = groups_of(planted(generator=np.random.default_rng(1), num_seeds=1, depth_bonus=3.0, **GRID))
    regime = depth_against_width(groups, UNKNOWN, None).regimes[0]
    assert (regime.prefer, regime.ci95) == ("undecided", None)
    assert regime.advantage_points > 1


def test_one_pair_is_no_rule(planted):
    frame = planted(
        generator=np.random.default_rng(1),
        depths=(26, 50),
        widths=(0.5, 1.0),
        resolutions=(128,),
        depth_bonus=5.0,
    )
    regime = pairs_of(groups_of(frame)).regimes[0]
    assert (regime.num_pairs, regime.prefer) == (1, "undecided")


def test_pairs_that_contradict_each_other_are_no_rule(planted):
    """Depth wins by a lot at 128 px and loses by a little less at 160 px: the mean alone would say depth."""
    frame = planted(generator=np.random.default_rng(4), noise=0.1, **GRID)
    doublings = np.log2(frame["depth"] / 26)
    frame["top1"] += doublings * np.where(frame["resolution"] == 128, 1.5, -0.7)
    regime = pairs_of(groups_of(frame)).regimes[0]
    assert regime.ci95[0] > 0
    assert (regime.pairs_disagree, regime.prefer) == (True, "undecided")


def test_a_planted_crossover_is_found(planted):
    """Depth gains with the logarithm of the epochs and is even with width at 30."""
    frame = planted(
        generator=np.random.default_rng(0),
        epochs=(10, 100),
        depth_bonus=lambda epochs: 0.8 * np.log10(epochs / 30),
        **GRID,
    )
    crossover = pairs_of(groups_of(frame)).crossover
    assert crossover.status == "inside_range"
    assert crossover.ci95[0] <= 30 <= crossover.ci95[1]
    assert crossover.ci95[1] / crossover.ci95[0] < 3


@pytest.mark.parametrize(("bonus", "status"), [(0.5, "none_in_range"), (0.0, "undetermined")])
def test_a_crossover_is_not_invented(planted, bonus, status):
    frame = planted(generator=np.random.default_rng(6), epochs=(10, 100), depth_bonus=bonus, **GRID)
    crossover = pairs_of(groups_of(frame)).crossover
    assert (crossover.estimate, crossover.ci95, crossover.status) == (None, None, status)


def test_each_regime_uses_the_setting_with_most_pairs(planted):
    many = planted(generator=np.random.default_rng(0), depth_bonus=0.6, **GRID).assign(setting="many")
    few = planted(
        generator=np.random.default_rng(0), depth_bonus=-0.6, **{**GRID, "resolutions": (128,)}
    ).assign(setting="a few")
    regime = pairs_of(groups_of(pd.concat([many, few]))).regimes[0]
    assert (regime.setting, regime.prefer) == ("many", "depth")
