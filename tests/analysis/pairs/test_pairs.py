"""Depth against width: planted truths are found, null grids stay undecided, and intervals cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.noise import UNKNOWN, group_seeds
from analysis.noise_estimate import interaction_noise, seed_noise
from analysis.pairs.crossover import zero
from analysis.pairs.pairs import depth_against_width
from analysis.replicates import draw_errors
from analysis.sentences import verdict_text
from analysis.source.clean import build_table
from analysis.source.source import read_source
from benchmarks.simulated_studies import Kind, nothing_matters, simulated

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
    """200 simulated studies: coverage near 95 %, and false verdicts near 5 % at most."""
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


def test_the_verdicts_of_all_regimes_share_their_five_percent():
    """300 simulated studies of three regimes in which nothing matters."""
    kind = Kind(nothing_matters)
    studies = [simulated(kind, np.random.default_rng((8, seed)), 500).pairs.regimes for seed in range(300)]
    assert all(len(regimes) == 3 for regimes in studies)
    wrong = [any(regime.prefer != "undecided" for regime in regimes) for regimes in studies]
    alone = [any(regime.ci95[0] * regime.ci95[1] > 0 for regime in regimes) for regimes in studies]
    assert np.mean(wrong) < 0.08
    assert np.mean(alone) > 0.1
    chance = [regime for regimes in studies for regime in regimes if regime.perhaps_chance]
    assert all(regime.prefer == "undecided" for regime in chance)
    assert "once chance among several regimes is allowed for" in verdict_text(chance[0])


def test_an_advantage_of_half_a_point_is_nearly_always_decided(planted, seeded):
    """Power, with seed noise of 0.2 points and three seeds."""
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
    """Depth wins clearly at 128 px and loses slightly less at 160 px: the mean alone would say depth."""
    frame = planted(generator=np.random.default_rng(4), noise=0.1, **GRID)
    doublings = np.log2(frame["depth"] / 26)
    frame["top1"] += doublings * np.where(frame["resolution"] == 128, 1.5, -0.7)
    regime = pairs_of(groups_of(frame)).regimes[0]
    assert regime.ci95[0] > 0
    assert (regime.pairs_disagree, regime.prefer) == (True, "undecided")


def test_a_planted_crossover_is_found(planted):
    """The advantage of depth grows with the logarithm of the epochs and is 0 at 30."""
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


def parabola(x):
    return (x - 1.2) * (x + 4)


@pytest.mark.parametrize(
    "x", [[0.0, 1.0, 3.0], [-2.0, 0.0, 1.0, 2.0, 5.0], [1.0, 2.0, 3.0], [-1.0, 1.0, 1.5]]
)
def test_a_turn_that_is_bent_is_found_where_it_is(x):
    x = np.array(x)
    y = np.stack([parabola(x), -parabola(x), parabola(x) + 50, 1.2 - x])
    assert zero(x, y) == pytest.approx([1.2, 1.2, np.nan, 1.2], nan_ok=True)


def test_between_two_regimes_a_turn_is_straight():
    found = zero(np.array([0.0, 2.0]), np.array([[-1.0, 3.0], [1.0, 3.0]]))
    assert found == pytest.approx([0.5, np.nan], nan_ok=True)


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


def test_verdicts_rest_on_the_bases_that_every_regime_has(planted):
    """Depth wins at the widest base and loses at narrower ones, which only the long runs have."""
    frame = planted(
        generator=np.random.default_rng(2),
        epochs=(10, 100),
        depths=(26, 50, 101),
        widths=(0.25, 0.5, 1.0),
        resolutions=(128, 160, 224),
    )
    sign = np.where(frame["width"] == 0.5, 0.8, -0.8)
    frame["top1"] += sign * np.log2(frame["depth"] / 26)
    found = pairs_of(groups_of(frame[(frame["epochs"] == 100) | (frame["width"] > 0.25)]))
    assert {base for regime in found.regimes for base in regime.bases} == {(26.0, 0.5), (50.0, 0.5)}
    assert [regime.prefer for regime in found.regimes] == ["depth", "depth"]
    assert {base.bases[0]: base.prefer for base in found.by_base}[26.0, 0.25] == "width"
    assert found.table["counted"].sum() == sum(regime.num_pairs for regime in found.regimes)


def test_each_resolution_has_its_own_verdict(planted):
    frame = planted(
        generator=np.random.default_rng(4), depths=(26, 50, 101, 200), widths=(0.25, 0.5, 1.0, 2.0), noise=0.1
    )
    frame["top1"] += np.where(frame["resolution"] == 160, 0.8, 0.0) * np.log2(frame["depth"] / 26)
    found = pairs_of(groups_of(frame))
    by_size = {regime.resolution: regime for regime in found.by_resolution}
    assert {size: regime.prefer for size, regime in by_size.items()} == {128: "undecided", 160: "depth"}
    assert found.regimes[0].num_pairs == sum(regime.num_pairs for regime in by_size.values())


@pytest.fixture(scope="module")
def published():
    return find(read_source("published:resnet_rs_2021"))


def test_the_published_grid_says_width_in_short_training_and_depth_in_long(published):
    """Figure 3 of Bello et al. 2021, compared at equal time per training step, as in the paper."""
    regimes = {regime.epochs: regime for regime in published.pairs.regimes}
    assert published.pairs.cost.name == "latency"
    assert {epochs: regime.prefer for epochs, regime in regimes.items()} == {
        10: "width",
        100: "undecided",
        350: "depth",
    }
    assert {regime.bases for regime in regimes.values()} == {((101.0, 1.0),)}
    crossover = published.pairs.crossover
    assert crossover.status == "inside_range"
    assert 10 < crossover.ci95[0] < crossover.estimate < crossover.ci95[1] < 350


def test_the_published_grid_raises_the_resolution_slowly(published):
    gains = [step.points for step in published.resolution.gain_per_doubling]
    assert gains == sorted(gains, reverse=True)
    assert published.resolution.prefer == "slow"
    assert published.noise.kind == "declared"


def test_at_equal_flops_ten_epochs_are_undecided(published):
    at_flops = find(published.table, "flops")
    ten, hundred, longest = at_flops.pairs.regimes
    assert (ten.prefer, hundred.prefer, longest.prefer) == ("undecided", "undecided", "depth")
    assert hundred.ci95[0] > 0
    assert hundred.perhaps_chance
    assert not ten.perhaps_chance
    assert at_flops.pairs.crossover.status == "undetermined"
    assert "verdict_depends_on_cost" in {trap.code for trap in at_flops.traps}
