"""Traps: each is reported for data that have it, and for no others."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.source.clean import build_table
from analysis.source.source import read_source
from analysis.traps.trap import GRAVITY


def codes(frame):
    return {trap.code for trap in find(build_table(frame, name="x", source="x.csv")).traps}


@pytest.fixture
def sound(planted):
    """A study without traps, except that no law is fitted yet and the best model is at the edge."""
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
    "replayed_points": lambda frame: frame.assign(replayed="table.csv, without noise"),
    "no_accuracy": lambda frame: frame.assign(top1=frame["top1"].where(frame.index != 3)),
    "students_without_baseline": lambda frame: frame.assign(
        **{"point": frame.index.astype(str), "pseudo.baseline": "gone"}
    ),
    "flops_missing": lambda frame: frame.drop(columns="flops"),
    "flops_too_few": lambda frame: frame.assign(flops=frame["flops"] / 1e9),
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
    "diverged_models_left_out": lambda frame: frame.assign(
        top1=frame["top1"].where(
            (frame["depth"] != 50) | (frame["width"] != 0.75) | (frame["epochs"] != 30), 20.0
        )
    ),
    "law_and_pairs_disagree": lambda frame: frame.assign(
        top1=frame["top1"] - np.where(frame["epochs"] == 30, 4.0, 0.0) * (frame["depth"] == 50)
    ),
    "suspect_runs": lambda frame: frame.assign(top1=frame["top1"].where(np.arange(len(frame)) != 7, 5.0)),
    "mixed_evaluation": lambda frame: frame.assign(
        evaluated_on=np.where(frame["epochs"] == 100, "minival", "validation")
    ),
    "duplicate_rows": lambda frame: pd.concat([frame, frame.iloc[:1]]),
    "missing_cells": lambda frame: frame[(frame["depth"] != 50) | (frame["width"] != 1)],
}


def test_a_sound_study_has_no_other_warning(sound):
    assert codes(sound) == {"extrapolation", "optimum_at_edge"}


@pytest.mark.parametrize("code", TRAPS)
def test_a_trap_is_told(sound, code):
    assert code in codes(TRAPS[code](sound))


def test_a_suspect_run_of_a_model_that_is_left_out_is_in_no_number(sound):
    place = sound[(sound["depth"] == 50) & (sound["width"] == 0.75) & (sound["epochs"] == 30)].index
    frame = sound.assign(top1=sound["top1"].where(sound.index != place[0], 5.0))
    found = {trap.code: trap.message for trap in find(build_table(frame, name="x", source="x.csv")).traps}
    assert "diverged_models_left_out" in found
    assert "they are left out of every number" in found["suspect_runs"]


@pytest.mark.parametrize("axis", ["epochs", "width"])
def test_the_axis_of_a_changing_recipe_is_named(sound, axis):
    found = find(build_table(with_recipe(axis)(sound), name="x", source="x.csv")).traps
    messages = [trap.message for trap in found if trap.code == "regularisation_changes_along_axis"]
    assert len(messages) == 1
    assert f"with {axis} (dropout: 0.0 at " in messages[0]


def test_an_optimum_inside_the_range_is_no_edge(planted):
    frame = planted(generator=np.random.default_rng(0), resolutions=(128, 160, 224), epochs=(10, 30, 100))
    middle = {"depth": 50, "width": 0.75, "resolution": 160, "epochs": 30}
    best = (frame[list(middle)] == pd.Series(middle)).all(axis=1)
    assert "optimum_at_edge" in codes(frame)
    assert "optimum_at_edge" not in codes(frame.assign(top1=frame["top1"] + 14 * best))


def test_an_optimum_at_the_small_end_is_an_edge_too(sound):
    found = find(build_table(sound[sound["width"] >= 0.75], name="x", source="x.csv")).traps
    assert "largest width" in next(trap.message for trap in found if trap.code == "optimum_at_edge")
    worse = sound.assign(top1=sound["top1"] - 30 * (sound["width"] > 0.5))
    found = find(build_table(worse, name="x", source="x.csv")).traps
    assert "smallest width 0.5" in next(trap.message for trap in found if trap.code == "optimum_at_edge")


def test_accuracies_of_two_sets_of_images_are_never_one_model(sound):
    twice = pd.concat([sound.assign(evaluated_on=name) for name in ("minival", "validation")])
    groups = find(build_table(twice, name="x", source="x.csv")).groups
    assert len(groups) == 2 * len(sound[sound["seed"] == 0])


def test_the_published_grid_has_its_traps_and_no_others():
    found = {trap.code: trap.message for trap in find(read_source("published:resnet_rs_2021")).traps}
    assert "the source declares" in found["no_repeats"]
    recipe = found["regularisation_changes_along_axis"]
    assert recipe.startswith(
        "The recipe changes with epochs (regularisation: flips and crops only at 10 and 100,"
    )
    of_the_fit = {
        "law_not_converged",
        "law_and_pairs_disagree",
        "degenerate_floor",
        "law_at_bound",
        "law_undecided",
    }
    assert set(found) - of_the_fit == {
        "no_repeats",
        "few_seeds",
        "noise_larger_than_effect",
        "verdict_depends_on_cost",
        "one_base_architecture",
        "regularisation_changes_along_axis",
        "optimum_at_edge",
        "missing_cells",
        "extrapolation",
    }


def test_the_document_has_every_code_and_no_other():
    root = Path(__file__).parents[3]
    source = "".join(path.read_text() for path in (root / "analysis" / "traps").glob("*.py"))
    written = set(re.findall(r'Trap\(\s*"(\w+)"', source)) | {"no_repeats", "identical_repeats"}
    table = (root / "docs" / "rules.md").read_text().partition("## Warnings")[2].partition("\n## ")[0]
    told = {code for line in table.splitlines() for code in re.findall(r"`(\w+)`", line.split(" | ")[0])}
    assert told == written
    assert sorted(GRAVITY) == sorted(written)


def test_messages_are_sentences(sound):
    for change in TRAPS.values():
        for trap in find(build_table(change(sound), name="x", source="x.csv")).traps:
            assert trap.message[0].isupper() or trap.message[0].isdigit()
            assert trap.message.endswith(".")
