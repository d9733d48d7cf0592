"""What is missing: every cell of the grid, what it lacks, and a table of that for people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.sheet import Sheet
from analysis.table import AXES, Table
from analysis.traps.data_traps import FEW_SEEDS

STATES = {
    "complete": f"at least {FEW_SEEDS} seeds",
    "few seeds": f"fewer than {FEW_SEEDS} seeds",
    "pending": "not begun",
    "running": "under way",
    "no accuracy": "completed without a finite accuracy",
    "failed": "failed",
    "diverged": "failed by a loss that diverged",
    "dominated": "stopped early, as a model that costs no more is better",
    "not run": "not in the study",
}
"""States of a cell, least telling first: a cell has the last of those of its points."""
MAX_CELLS = 100_000
"""Size of a grid above which only the cells that have points are considered."""
MAX_NAMES = 12
"""Number of models named in one row of the table."""


def grid_cells(table: Table) -> pd.DataFrame:
    """One row per cell of the grid of each data set: data, the axes, num_seeds (those with a result) and
    state."""
    rows = table.rows
    key = ["data", *AXES]
    states = [*STATES]
    of_point = rows["status"].where(rows["status"] != "completed", "complete")
    outcome = rows["failure"].isin(["diverged", "dominated"])
    of_point = of_point.where(~outcome, rows["failure"])
    of_point = of_point.where(rows["left_out"] != "no_accuracy", "no accuracy")
    ranked = rows[key].assign(state=of_point.map(states.index))
    found = ranked.groupby(key)["state"].max().to_frame()
    found["num_seeds"] = table.usable.groupby(key)["seed"].nunique()
    found["num_seeds"] = found["num_seeds"].fillna(0).astype(int)
    few = (found["state"] == 0) & (found["num_seeds"] < FEW_SEEDS)
    found["state"] = found["state"].where(~few, states.index("few seeds"))
    grid = _whole_grid(rows)
    cells = found if grid is None else found.reindex(grid)
    cells["state"] = cells["state"].fillna(states.index("not run")).astype(int).map(dict(enumerate(states)))
    cells["num_seeds"] = cells["num_seeds"].fillna(0).astype(int)
    return cells.reset_index()


def _whole_grid(rows: pd.DataFrame) -> pd.MultiIndex | None:
    """All cells; None where there are too many."""
    parts = []
    for data, mine in rows.groupby("data"):
        values = [sorted(mine[axis].unique()) for axis in AXES]
        if np.prod([len(each) for each in values]) > MAX_CELLS:
            return None
        parts.append(pd.MultiIndex.from_product([[data], *values], names=["data", *AXES]))
    return parts[0].append(parts[1:])


def missing_sheet(table: Table) -> Sheet:
    """The cells that lack something, a row for each state, data set, number of epochs and resolution."""
    cells = grid_cells(table)
    lacking = cells[cells["state"] != "complete"]
    everywhere = (cells.loc[cells["num_seeds"] > 0, "state"] != "complete").all()
    if everywhere:
        lacking = lacking[lacking["state"] != "few seeds"]
    note = "Cells of the grid of all values measured, as depth × width. " + " ".join(
        f"{name.capitalize()}: {STATES[name]}." for name in STATES if (lacking["state"] == name).any()
    )
    if everywhere:
        note += f" No model has {FEW_SEEDS} seeds."
    return Sheet(
        "What is missing",
        note.strip(),
        ("lacks", "epochs", "px", "cells", "models"),
        list(_rows(cells, lacking, several=cells["data"].nunique() > 1)),
        topic="missing",
    )


def _rows(cells: pd.DataFrame, lacking: pd.DataFrame, *, several: bool) -> Iterator[tuple[str, ...]]:
    place = ["data", "epochs", "resolution"]
    size_of = cells.groupby(place).size().to_dict()
    for state in STATES:
        for key, mine in lacking[lacking["state"] == state].groupby(place):
            data, epochs, resolution = mine[place].iloc[0]
            size = size_of[key]
            names = [
                f"{depth:g}×{width:g}" for depth, width in mine[["depth", "width"]].to_numpy()[:MAX_NAMES]
            ]
            more = f" and {len(mine) - MAX_NAMES} more" if len(mine) > MAX_NAMES else ""
            yield (
                f"{state} ({data})" if several else state,
                f"{epochs:g}",
                f"{resolution:g}",
                f"{len(mine)} of {size}",
                "all" if len(mine) == size else ", ".join(names) + more,
            )
