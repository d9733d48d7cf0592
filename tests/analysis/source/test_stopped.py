"""Points stopped early: extrapolated from their curves for rules and laws, never used as final results."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.noise import group_seeds
from analysis.noise_estimate import seed_noise
from analysis.replicates import draw_errors
from analysis.rules import rules_json
from analysis.source.clean import build_table
from analysis.source.source import read_source
from analysis.table import Table
from scaling.study.about import Task
from scaling.study.files import write_json_once
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

EPOCHS = 12
LATE = 0.7
"""Factor of the error after the late fall of the schedule."""


def stopped(rows: pd.DataFrame, which: pd.Series, *, sd: float) -> Table:
    """The table of these rows with some points stopped early, extrapolated exactly to their true ends."""
    rows = rows.assign(
        extrapolated=rows["top1"].where(which),
        extrapolated_sd=np.where(which, sd, np.nan),
        top1=rows["top1"].mask(which),
        status=np.where(which, "failed", "completed"),
        failure=np.where(which, "dominated", None),
    )
    return build_table(rows, name="x", source="x.csv")


@pytest.fixture
def rows(planted: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Three seeds of each model of a grid."""
    return planted(generator=np.random.default_rng(2), num_seeds=3, noise=0.3)


def test_they_are_told_of_and_no_result(rows: pd.DataFrame) -> None:
    which = (rows["depth"] == rows["depth"].max()) & (rows["seed"] == 0)
    table = stopped(rows, which, sd=1.5)
    assert table.left_out() == {"stopped": int(which.sum())}
    assert len(table.usable) == len(rows) - which.sum()
    groups = group_seeds(table.informative)
    alone = group_seeds(table.usable)
    whole = group_seeds(build_table(rows, name="x", source="x").usable)
    assert np.allclose(groups["error"], whole["error"])
    assert len(alone) == len(groups)
    there = groups["num_stopped"] == 1
    assert there.sum() == which.sum()
    assert groups["variance"].isna().equals(there)
    assert np.allclose(groups["reading_variance"], np.where(there, 1.5**2 / 9, 0))
    noise = seed_noise(groups)
    assert noise.df == 2 * (~there).sum()
    draws = draw_errors(groups, noise)
    assert draws is not None
    spread = draws.std(axis=0)
    assert spread[there].min() > 2 * spread[~there].max()


def test_they_are_in_rules_and_in_no_frontier(rows: pd.DataFrame) -> None:
    """Even where their extrapolated result is the best of all."""
    which = rows["depth"] == rows["depth"].max()
    findings = find(stopped(rows, which, sd=0.4))
    whole = find(build_table(rows, name="x", source="x"))
    assert (whole.frontiers["flops"].line["depth"] == rows["depth"].max()).any()
    for frontier in findings.frontiers.values():
        assert not (frontier.members["depth"] == rows["depth"].max()).any()
    pairs = [(each.epochs, each.num_pairs) for each in findings.pairs.regimes]
    assert pairs == [(each.epochs, each.num_pairs) for each in whole.pairs.regimes]
    for theirs, ours in zip(whole.pairs.regimes, findings.pairs.regimes, strict=True):
        assert ours.advantage_points == pytest.approx(theirs.advantage_points)
    told = rules_json(findings)
    assert told["provenance"]["num_rows_used"] == (~which).sum()
    assert told["provenance"]["num_rows_extrapolated"] == which.sum()
    (trap,) = [each for each in findings.traps if each.code == "stopped_early"]
    assert f"{which.sum()} points were stopped early (depth" in trap.message
    assert not any(each.code == "failed_points_left_out" for each in findings.traps)


def test_without_an_end_to_tell_they_are_left_out(rows: pd.DataFrame) -> None:
    which = rows["seed"] == 0
    table = stopped(rows, which, sd=np.nan)
    assert table.left_out() == {"failed": int(which.sum())}
    assert len(table.informative) == len(table.usable)


@pytest.fixture
def study(tmp_path: Path, make_point: Callable[..., Point]) -> Callable[[int], Study]:
    """A study of this many completed points, and a deeper one stopped after half its epochs."""

    def make(num_completed: int) -> Study:
        study = Study.create(tmp_path / "mine", Task("mnist5k"))
        for seed in range(num_completed + 1):
            is_stopped = seed == num_completed
            point = make_point(seed=seed, epochs=EPOCHS, depth=38 if is_stopped else 8 + 6 * (seed % 4))
            study.add([point])
            generator = np.random.default_rng(seed)
            level = 20 if is_stopped else generator.uniform(8, 16)
            error = level * np.arange(1, EPOCHS + 1) ** -0.4 * np.exp(0.02 * generator.normal(size=EPOCHS))
            error[-1] *= LATE
            rows = [{"epoch": epoch, "top1": 100 - each} for epoch, each in enumerate(error, start=1)]
            kept = rows[: EPOCHS // 2] if is_stopped else rows
            directory = study.directory(point.id)
            (directory / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in kept))
            if is_stopped:
                study.note(point.id, State(status="failed", failure="dominated", epoch=EPOCHS // 2))
            else:
                result = {"schema": 1, "metrics": {"top1": rows[-1]["top1"]}, "measured": {}}
                assert write_json_once(directory / "result.json", result)
        return study

    return make


def test_the_end_of_a_stopped_curve_is_told_from_finished_ones(study: Callable[[int], Study]) -> None:
    table = read_source(study(12).path)
    (row,) = table.rows[table.rows["left_out"] == "stopped"].to_dict("records")
    truth = 100 - 20 * EPOCHS**-0.4 * LATE
    assert abs(row["extrapolated"] - truth) < 3 * row["extrapolated_sd"]
    assert row["extrapolated"] > 100 - 20 * (EPOCHS / 2) ** -0.4  # more than its curve had reached
    assert 0.05 < row["extrapolated_sd"] < 2
    assert pd.isna(row["top1"])


def test_of_too_few_finished_ones_nothing_is_told(study: Callable[[int], Study]) -> None:
    assert read_source(study(2).path).left_out() == {"failed": 1}
