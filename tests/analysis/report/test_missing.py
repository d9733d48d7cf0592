"""Missing results: every cell has a state, and the table lists the cells that lack something."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.report import missing
from analysis.report.missing import grid_cells, missing_sheet
from analysis.source.clean import build_table


def table_of(*rows):
    columns = ["depth", "width", "seed", "status", "failure", "top1"]
    frame = pd.DataFrame(rows, columns=columns).assign(resolution=28, epochs=2)
    return build_table(frame, name="x", source="x.csv")


def done(depth, width, *seeds):
    return [(depth, width, seed, "completed", None, 90.0 + seed) for seed in seeds]


PARTIAL = (
    *done(8, 1, 0, 1, 2),
    *done(14, 1, 0, 1),
    (14, 1, 2, "pending", None, None),
    *done(20, 1, 0, 1),
    (20, 1, 2, "failed", "diverged", None),
    (8, 2, 0, "failed", "out_of_memory", None),
    (14, 2, 0, "running", None, None),
)


def test_every_cell_has_the_state_that_says_most():
    cells = grid_cells(table_of(*PARTIAL)).set_index(["depth", "width"])
    assert cells["state"].to_dict() == {
        (8, 1): "complete",
        (14, 1): "pending",
        (20, 1): "diverged",
        (8, 2): "failed",
        (14, 2): "running",
        (20, 2): "not run",
    }
    assert cells["num_seeds"].tolist() == [3, 0, 2, 0, 2, 0]


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        (done(8, 1, 0, 1), "few seeds"),
        (done(8, 1, 0, 0, 0), "few seeds"),
        (done(8, 1, 0, 1, 2), "complete"),
        ([*done(8, 1, 0, 1), (8, 1, 2, "failed", "dominated", None)], "dominated"),
        ([(8, 1, 0, "completed", None, float("nan")), *done(9, 1, 0)], "no accuracy"),
    ],
)
def test_the_state_of_a_cell_of_completed_points(rows, state):
    assert grid_cells(table_of(*rows))["state"].iloc[0] == state


def test_the_table_names_what_lacks_what():
    sheet = missing_sheet(table_of(*PARTIAL))
    assert sheet.rows == [
        ("pending", "2", "28", "1 of 6", "14×1"),
        ("running", "2", "28", "1 of 6", "14×2"),
        ("failed", "2", "28", "1 of 6", "8×2"),
        ("diverged", "2", "28", "1 of 6", "20×1"),
        ("not run", "2", "28", "1 of 6", "20×2"),
    ]
    assert "Diverged: failed by a loss that diverged." in sheet.note


def test_too_few_seeds_everywhere_is_one_sentence():
    sheet = missing_sheet(table_of(*done(8, 1, 0), *done(14, 2, 0)))
    assert [row[0] for row in sheet.rows] == ["not run"]
    assert "No model has 3 seeds." in sheet.note


def test_a_whole_study_lacks_nothing():
    assert missing_sheet(table_of(*done(8, 1, 0, 1, 2), *done(14, 1, 0, 1, 2))).rows == []


def test_of_a_grid_too_large_only_cells_with_points_are_told(monkeypatch):
    monkeypatch.setattr(missing, "MAX_CELLS", 5)
    states = grid_cells(table_of(*PARTIAL))["state"]
    assert sorted(states) == ["complete", "diverged", "failed", "pending", "running"]
