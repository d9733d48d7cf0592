"""Traps: each is sprung by the data that hide it, and by no others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.table import build_table


def codes(frame):
    return {trap.code for trap in find(build_table(frame, name="x", source="x.csv")).traps}


@pytest.fixture
def sound(planted):
    """A study without a trap but the law that nobody fits yet, and a best model at the edge."""
    return planted(
        generator=np.random.default_rng(0),
        epochs=(30, 100),
        resolutions=(128, 160),
        noise=0.1,
        depth_bonus=0.6,
    )


def with_failure(frame):
    status = np.where(np.arange(len(frame)) == 4, "failed", "completed")
    return frame.assign(status=status, failure=np.where(status == "failed", "diverged", None))


def with_recipe(axis):
    return lambda frame: frame.assign(**{"recipe.dropout": (frame[axis] == frame[axis].max()).astype(float)})


TRAPS = {
    "few_seeds": lambda frame: frame[frame["seed"] < 2],
    "no_repeats": lambda frame: frame[frame["seed"] == 0],
    "identical_repeats": lambda frame: frame.assign(
        top1=frame.groupby(["depth", "width", "epochs"])["top1"].transform("mean")
    ),
    "short_runs_only": lambda frame: frame[frame["epochs"] == 30],
    "small_images": lambda frame: frame.assign(resolution=frame["resolution"] // 8),
    "small_range": lambda frame: frame[frame["depth"] < 101][lambda rows: rows["width"] < 1],
    "one_base_architecture": lambda frame: frame[(frame["depth"] == 26) | (frame["width"] == 0.5)],
    "failed_points_left_out": with_failure,
    "no_accuracy": lambda frame: frame.assign(top1=frame["top1"].where(frame.index != 3)),
    "flops_missing": lambda frame: frame.drop(columns="flops"),
    "no_pairs": lambda frame: frame[frame["width"] == 0.5],
    "regularisation_changes_along_axis": with_recipe("epochs"),
    "mixed_settings": lambda frame: frame.assign(setting=np.where(frame["width"] < 1, "a", "b")),
    "noise_larger_than_effect": lambda frame: frame.assign(
        top1=frame["top1"] - 0.6 * np.log2(frame["depth"] / 26)
    ),
    "pairs_disagree": lambda frame: frame.assign(
        top1=frame["top1"] - np.where(frame["resolution"] == 160, 1.2, 0) * np.log2(frame["depth"] / 26)
    ),
    "verdict_depends_on_cost": lambda frame: frame.assign(
        latency_ms=frame["depth"] ** 1.5 * frame["width"] ** 0.5 * frame["resolution"] ** 2
    ),
    "verdict_depends_on_base": lambda frame: frame[(frame["epochs"] == 100) | (frame["width"] > 0.5)].assign(
        top1=frame["top1"] - np.where(frame["width"] == 0.5, 1.5, 0.0) * np.log2(frame["depth"] / 26)
    ),
    "duplicate_rows": lambda frame: pd.concat([frame, frame.iloc[:1]]),
    "missing_cells": lambda frame: frame[(frame["depth"] != 50) | (frame["width"] != 1)],
}


def test_a_sound_study_has_no_other_warning(sound):
    assert codes(sound) == {"extrapolation", "optimum_at_edge"}


@pytest.mark.parametrize("code", TRAPS)
def test_a_trap_is_told(sound, code):
    assert code in codes(TRAPS[code](sound))


@pytest.mark.parametrize("axis", ["epochs", "width"])
def test_the_axis_of_a_changing_recipe_is_named(sound, axis):
    found = find(build_table(with_recipe(axis)(sound), name="x", source="x.csv")).traps
    messages = [trap.message for trap in found if trap.code == "regularisation_changes_along_axis"]
    assert len(messages) == 1
    assert f"with {axis} (dropout)" in messages[0]


def test_an_optimum_inside_the_range_is_no_edge(sound):
    best = (
        (sound["depth"] == 50)
        & (sound["width"] == 0.75)
        & (sound["resolution"] == 128)
        & (sound["epochs"] == 30)
    )
    assert "optimum_at_edge" not in codes(sound.assign(top1=sound["top1"] + 12 * best))


def test_messages_are_sentences(sound):
    for change in TRAPS.values():
        for trap in find(build_table(change(sound), name="x", source="x.csv")).traps:
            assert trap.message[0].isupper() or trap.message[0].isdigit()
            assert trap.message.endswith(".")
