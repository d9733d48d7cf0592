"""Seed noise: estimated from repeats with their dependence on error and size, and unknown without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.noise import Noise, group_seeds, log_sizes
from analysis.noise_estimate import interaction_noise, noise_of, seed_noise
from analysis.source.clean import build_table


def groups_of(frame):
    return group_seeds(build_table(frame, name="x", source="x").usable)


@pytest.mark.parametrize("num_seeds", [2, 3, 5])
def test_planted_noise_is_found(planted, num_seeds):
    frame = planted(
        generator=np.random.default_rng(3), num_seeds=num_seeds, noise=0.3, resolutions=(128, 160, 224, 320)
    )
    noise = seed_noise(groups_of(frame))
    assert noise.df == 36 * (num_seeds - 1)
    assert noise.sd(np.array([20.0])) == pytest.approx(0.3, rel=0.25)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_the_power_follows_the_repeats(planted, power):
    frame = planted(
        generator=np.random.default_rng(5),
        num_seeds=25,
        depths=(2, 8, 26, 101, 400),
        epochs=(1, 10, 100),
        noise=lambda error, _: 0.05 * (error * (1 - error / 100)) ** (power / 2),
    )
    assert seed_noise(groups_of(frame)).power == pytest.approx(power, abs=0.35)


@pytest.mark.parametrize("growth", [(0.0, 0.0), (0.8, 0.0), (-0.8, 0.8)])
def test_growth_with_the_sizes_follows_the_repeats(planted, seeded, growth):
    """Growth with the size of the network and of the image, separated from each other and from the error."""
    frame = planted(
        generator=np.random.default_rng(5), num_seeds=1, resolutions=(64, 128, 224, 320), epochs=(1, 10, 100)
    )
    groups = groups_of(frame.assign(top1=75.0 + frame["depth"] / 1000))
    away = log_sizes(groups) - log_sizes(groups).mean(axis=0)
    groups = seeded(
        groups,
        generator=np.random.default_rng(6),
        num_seeds=25,
        noise=lambda *_: 0.2 * np.exp(away @ np.array(growth) / 2),
    )
    noise = seed_noise(groups)
    assert noise.growth == pytest.approx(growth, abs=0.15)
    assert noise.size_factor(groups) == pytest.approx(np.exp(away @ np.array(growth) / 2), rel=0.25)


def test_few_repeats_tell_nothing_of_sizes(planted):
    """Only one model was trained twice: neither growth nor scatter with size is estimated."""
    frame = planted(generator=np.random.default_rng(3))
    noise = seed_noise(groups_of(frame[(frame["seed"] == 0) | ((frame["seed"] == 1) & (frame.index < 3))]))
    assert noise.df == 1
    assert noise.growth == pytest.approx((0, 0), abs=1e-6)
    assert np.array(noise.scatter) == pytest.approx(0)


def test_networks_of_unknown_cost_have_the_noise_of_the_middle_size(planted):
    frame = planted(generator=np.random.default_rng(7), num_seeds=9, noise=lambda _, size: 0.2 * size**-0.6)
    groups = groups_of(frame)
    noise = seed_noise(groups)
    assert noise.size_factor(groups).max() > 1.3
    assert noise.size_factor(groups.assign(flops=np.nan)) == pytest.approx(
        np.exp(noise.away(groups)[:, 1] * noise.growth[1] / 2)
    )
    assert seed_noise(groups.assign(flops=np.nan)).growth[0] == 0


def test_a_repeated_seed_is_no_evidence(planted):
    frame = planted(generator=np.random.default_rng(0), num_seeds=1)
    twice = frame.loc[frame.index.repeat(2)].reset_index(drop=True)
    groups = groups_of(twice)
    assert (groups["num_seeds"] == 1).all()
    assert not seed_noise(groups).known


def test_repeats_without_spread_are_copies(planted):
    assert not seed_noise(groups_of(planted(generator=np.random.default_rng(0), noise=0.0))).known


def test_the_interaction_stands_in_for_repeats(planted):
    frame = planted(
        generator=np.random.default_rng(1), num_seeds=1, noise=0.3, resolutions=(128, 160, 192, 224, 320)
    )
    noise = interaction_noise(groups_of(frame))
    assert noise.kind == "interaction"
    assert noise.sd(np.array([20.0])) == pytest.approx(0.3, rel=0.35)


def test_one_resolution_has_no_interaction(planted):
    frame = planted(generator=np.random.default_rng(1), num_seeds=1, resolutions=(128,))
    assert not interaction_noise(groups_of(frame)).known


def test_what_the_source_declares_stands_in_for_repeats_and_never_for_measured_noise(planted):
    frame = planted(generator=np.random.default_rng(3), noise=0.2, resolutions=(128, 160, 224))
    declared = {"rerun_sd": 0.3, "rerun_df": 10}
    once = replace(build_table(frame[frame["seed"] == 0], name="x", source="x"), **declared)
    assert noise_of(once, group_seeds(once.usable)) == Noise(kind="declared", scale=0.3, power=0.0, df=10)
    thrice = replace(build_table(frame, name="x", source="x"), **declared)
    assert noise_of(thrice, group_seeds(thrice.usable)).kind == "seeds"
