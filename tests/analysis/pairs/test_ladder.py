"""Comparisons at equal cost: exact where only cost matters, and never beyond the measured range."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.metric import FLOPS, LATENCY
from analysis.noise import group_seeds
from analysis.pairs.comparisons import MAX_BEND
from analysis.pairs.ladder import compare
from analysis.source.clean import build_table

DOUBLINGS = {"depths": (26, 50, 101, 200), "widths": (0.25, 0.5, 1.0)}


def groups_of(frame):
    return group_seeds(build_table(frame, name="x", source="x").usable)


def true_groups(planted, **grid):
    return groups_of(planted(generator=np.random.default_rng(0), num_seeds=1, noise=0.0, **grid))


def rows(*models, flops=None):
    """Groups from (depth, width, error); FLOPs are depth x width^2 unless given."""
    frame = pd.DataFrame(models, columns=["depth", "width", "error"]).assign(resolution=32, epochs=1)
    frame["flops"] = frame["depth"] * frame["width"] ** 2 * 1e6 if flops is None else flops
    return groups_of(frame)


@pytest.mark.parametrize(
    ("axis", "rival"), [("depth", "width"), ("resolution", "depth"), ("resolution", "width")]
)
def test_where_flops_decide_alone_no_axis_wins(planted, axis, rival):
    """A law with a floor is curved on log axes: linear interpolation over a doubled width is off by 0.17."""
    groups = true_groups(planted, resolutions=(128, 160, 224), **DOUBLINGS)
    advantage = compare(groups, axis, rival).advantage(groups["error"].to_numpy())
    assert len(advantage) > 20
    assert np.abs(advantage).max() < 0.05
    assert abs(advantage.mean()) < 0.005


def test_a_planted_bonus_of_depth_is_found_at_each_cost(planted):
    groups = true_groups(planted, depth_bonus=0.5, **DOUBLINGS)
    found = compare(groups, "depth", "width")
    base = 1e8 * found.table["depth"] / 26 * (found.table["width"] / 0.5) ** 2
    base *= (found.table["resolution"] / 128) ** 2
    truth = 0.5 * np.log2(found.table["flops"] / base)
    assert found.advantage(groups["error"].to_numpy()) == pytest.approx(truth.to_numpy(), abs=0.06)


def test_sides_swapped_change_the_sign(planted):
    groups = true_groups(planted, depth_bonus=0.5)
    errors = groups["error"].to_numpy()
    one, other = compare(groups, "depth", "width"), compare(groups, "width", "depth")
    assert sorted(one.advantage(errors)) == pytest.approx(sorted(-other.advantage(errors)))


def test_equal_flops_meet_directly():
    groups = rows((10, 1.0, 30.0), (40, 1.0, 20.0), (10, 2.0, 22.0))
    found = compare(groups, "depth", "width")
    assert found.advantage(groups["error"].to_numpy()) == pytest.approx([2.0])


def test_equal_flops_meet_without_a_base():
    groups = rows((40, 1.0, 20.0), (10, 2.0, 22.0))
    found = compare(groups, "depth", "width")
    assert found.advantage(groups["error"].to_numpy()) == pytest.approx([2.0])
    assert found.table[["depth", "width"]].to_numpy().tolist() == [[10, 1.0]]


@pytest.mark.parametrize(
    ("models", "why"),
    [
        ([(10, 1.0, 30.0), (20, 1.0, 25.0), (10, 3.0, 20.0)], "a gap of 9 is too wide to bridge"),
        ([(10, 1.0, 30.0), (40, 1.0, 20.0)], "there is no other width"),
        ([(10, 1.0, 30.0), (20, 2.0, 20.0)], "both change at once"),
    ],
)
def test_what_cannot_be_compared_is_not(models, why):
    assert compare(rows(*models), "depth", "width").table.empty, why


def test_a_rung_beyond_the_other_ladder_is_not_compared():
    groups = rows((10, 1.0, 30.0), (20, 1.0, 25.0), (80, 1.0, 15.0), (10, 2.0, 22.0))
    assert compare(groups, "depth", "width").table["flops"].tolist() == [20e6, 40e6]


def test_flops_that_do_not_grow_make_no_ladder():
    groups = rows((10, 1.0, 30.0), (40, 1.0, 20.0), (10, 2.0, 22.0), flops=[2e6, 1e6, 2e6])
    assert compare(groups, "depth", "width").table.empty


@pytest.mark.parametrize("column", ["setting", "epochs", "data", "resolution"])
def test_what_differs_otherwise_is_never_paired(column):
    values = {
        "setting": ["a", "a", "b"],
        "epochs": [1, 1, 2],
        "data": ["a", "a", "b"],
        "resolution": [8, 8, 9],
    }
    frame = pd.DataFrame(
        {"depth": [10, 40, 10], "width": [1, 1, 2], "resolution": 32, "epochs": 1, "top1": 70.0}
    )
    frame = frame.assign(flops=[1e6, 4e6, 4e6], setting="a").assign(**{column: values[column]})
    assert compare(groups_of(frame), "depth", "width").table.empty


def test_unmeasured_curvature_widens_the_replicates():
    groups = rows((10, 1.0, 30.0), (20, 1.0, 25.0), (10, 2.0, 22.0))
    errors = groups["error"].to_numpy()
    found = compare(groups, "depth", "width")
    spread = found.advantage(np.tile(errors, (11, 1)))[:, 0]
    bend = np.log(2) * np.log(2)
    straight = np.sqrt(30.0 * 22.0)
    assert spread[0] == pytest.approx(straight - 25.0)
    assert spread[-1] == pytest.approx(straight * np.exp(-MAX_BEND * bend) - 25.0)
    assert found.advantage(errors)[0] == pytest.approx(straight * np.exp(-MAX_BEND / 2 * bend) - 25.0)


def test_groups_without_flops_are_left_out():
    groups = rows((10, 1.0, 30.0), (40, 1.0, 20.0), (10, 2.0, 22.0), flops=np.nan)
    found = compare(groups, "depth", "width")
    assert found.advantage(groups["error"].to_numpy()).shape == (0,)


def test_equal_latency_is_another_comparison_than_equal_flops():
    """Width 2 costs four times the FLOPs but twice the time, which is that of doubled depth."""
    frame = pd.DataFrame(
        {"depth": [10, 20, 40, 10], "width": [1, 1, 1, 2], "resolution": 32, "epochs": 1},
    ).assign(top1=[70.0, 75.0, 80.0, 78.0], flops=[1e6, 2e6, 4e6, 4e6], latency_ms=[1.0, 2.0, 4.0, 2.0])
    groups = groups_of(frame)
    found = {
        cost.name: compare(groups, "depth", "width", cost).advantage(groups["error"].to_numpy())
        for cost in (FLOPS, LATENCY)
    }
    assert found["flops"][-1] == pytest.approx(2.0)
    assert found["latency"][-1] == pytest.approx(-3.0)


def test_the_side_that_is_measured_is_named():
    table = compare(rows((10, 1.0, 30.0), (20, 1.0, 25.0), (10, 2.0, 22.0)), "depth", "width").table
    assert table["axis_rung"].tolist() == [20.0]
    assert table["rival_rung"].isna().all()
