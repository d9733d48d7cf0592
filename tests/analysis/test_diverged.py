"""Diverged models: found where they are not marked, and nowhere else."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.diverged import diverged
from analysis.findings import find
from analysis.noise import group_seeds
from analysis.source.clean import build_table
from analysis.source.source import read_source

GRID = {"epochs": (10, 30, 100), "resolutions": (128, 160, 224)}


def groups_of(frame):
    return group_seeds(build_table(frame, name="x", source="x").usable)


@pytest.mark.parametrize(
    "places", [[40], [0, 80], [11, 12, 50]], ids=["inside", "at the corners", "neighbours"]
)
def test_what_nobody_marked_is_found(planted, places):
    groups = groups_of(planted(generator=np.random.default_rng(1), **GRID))
    harmed = groups.assign(error=groups["error"] + 20.0 * np.isin(np.arange(len(groups)), places))
    assert np.flatnonzero(diverged(harmed)).tolist() == places


@pytest.mark.parametrize("bonus", [-1.5, 0.0, 1.5])
def test_a_grid_with_interactions_has_none(planted, bonus):
    depth_bonus = lambda epochs: bonus * np.log10(epochs / 30)  # noqa: E731
    assert not diverged(
        groups_of(planted(generator=np.random.default_rng(2), depth_bonus=depth_bonus, **GRID))
    ).any()


def test_small_models_of_a_wide_range_are_none():
    axes = itertools.product(np.geomspace(8, 400, 12), np.geomspace(0.1, 4, 10), (64, 128, 256), (10, 100))
    frame = pd.DataFrame(axes, columns=["depth", "width", "resolution", "epochs"])
    size = frame["depth"] * frame["width"] ** 2 * frame["resolution"] ** 2 * frame["epochs"]
    assert not diverged(groups_of(frame.assign(top1=98 - 70 * (size / size.min()) ** -0.15))).any()


def test_the_published_grid_has_none():
    assert not diverged(group_seeds(read_source("published:resnet_rs_2021").usable)).any()


def test_where_too_many_are_far_off_the_fit_is_wrong(planted):
    groups = groups_of(planted(generator=np.random.default_rng(1), **GRID))
    harmed = groups.assign(error=groups["error"] + 30.0 * (np.arange(len(groups)) % 5 == 0))
    assert not diverged(harmed).any()


def test_a_few_models_are_no_grid(planted):
    groups = groups_of(planted(generator=np.random.default_rng(1), depths=(26, 50), widths=(0.5, 1.0)))
    assert not diverged(groups.assign(error=[20.0] * 7 + [90.0])).any()


def test_a_diverged_model_is_in_no_rule(planted):
    frame = planted(generator=np.random.default_rng(1), depth_bonus=0.6, **GRID)
    bad = (
        (frame["depth"] == 101)
        & (frame["width"] == 1.0)
        & (frame["resolution"] == 160)
        & (frame["epochs"] == 30)
    )
    found = find(build_table(frame.assign(top1=frame["top1"].where(~bad, 10.0)), name="x", source="x"))
    assert len(found.groups) == 80
    assert {regime.prefer for regime in found.pairs.regimes} == {"depth"}
