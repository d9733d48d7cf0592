"""Traps of the grid: what its ranges do not cover, and what else changes along its axes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.table import AXES
from analysis.traps.trap import DataEvidence, Trap
from scaling.quantity import counted

SHORT_EPOCHS = 100
"""In the published ResNet study, depth and width change places between 10 and 100 epochs."""
SMALL_PX = 128
"""Smallest resolution in that study."""
SMALL_RANGE = 10.0
"""Ratio of FLOPs below which a rule says little about models of another size."""
MAX_VALUES = 5
"""Number of values of an axis up to which a warning lists the recipe at each, and not only what changes."""


def short_runs(evidence: DataEvidence) -> Iterator[Trap]:
    longest = evidence.groups["epochs"].max()
    if longest < SHORT_EPOCHS:
        yield Trap(
            "short_runs_only",
            f"The longest runs have {counted(longest, 'epoch')}: in longer training depth and width may "
            f"change places (in the published ResNet study they do so between 10 and {SHORT_EPOCHS} epochs).",
        )


def small(evidence: DataEvidence) -> Iterator[Trap]:
    largest, flops = evidence.groups["resolution"].max(), evidence.groups["flops"]
    if largest < SMALL_PX:
        yield Trap(
            "small_images", f"The largest images have {largest} px: rules about larger ones are a guess."
        )
    if flops.notna().any() and flops.max() < SMALL_RANGE * flops.min():
        ratio = flops.max() / flops.min()
        yield Trap(
            "small_range", f"The most expensive model has only {ratio:.1f} times the FLOPs of the cheapest."
        )


def recipe(evidence: DataEvidence) -> Iterator[Trap]:
    usable = evidence.table.usable
    recipe = [str(column) for column in usable if str(column).startswith("recipe.")]
    for axis in ("epochs", "width", "depth", "resolution"):
        changing = [column for column in recipe if _follows(usable, column, axis)]
        if changing:
            how = "; ".join(
                f"{column.removeprefix('recipe.')}{_values(usable, column, axis)}" for column in changing
            )
            yield Trap(
                "regularisation_changes_along_axis",
                f"The recipe changes with {axis} ({how}): an effect of {axis} may be one of the recipe.",
            )


def _values(rows: pd.DataFrame, column: str, axis: str) -> str:
    """`: none at 10 and 100, more at 350`; empty where an axis value has several recipe values, or there are
    many."""
    cells = rows[rows[column].notna()].groupby(axis)[column].agg(lambda cell: sorted(set(cell.astype(str))))
    if len(cells) > MAX_VALUES or (cells.map(len) > 1).any():
        return ""
    told: dict[str, list[str]] = {}
    for at, values in cells.items():
        told.setdefault(values[0], []).append(f"{at:g}")
    return ": " + ", ".join(f"{value} at {' and '.join(places)}" for value, places in told.items())


def _follows(rows: pd.DataFrame, column: str, axis: str) -> bool:
    """Whether the recipe's values differ between rows that differ in this axis and in no other."""
    others = [other for other in AXES if other != axis]
    known = rows[rows[column].notna()]
    values = known[column].astype(str).groupby([known[name] for name in (*others, axis)])
    seen = values.agg(lambda cell: "|".join(sorted(set(cell))))
    return bool((seen.groupby(level=others).nunique() > 1).any())


def edge(evidence: DataEvidence) -> Iterator[Trap]:
    groups = evidence.groups
    best = groups.iloc[int(groups["error"].argmin())]
    edges = []
    for axis in AXES:
        values = groups[axis]
        if values.nunique() > 1 and best[axis] in (values.min(), values.max()):
            edges.append(f"{'largest' if best[axis] == values.max() else 'smallest'} {axis} {best[axis]:g}")
    if edges:
        yield Trap(
            "optimum_at_edge",
            f"The best model has the {' and the '.join(edges)} measured: the optimum may lie beyond.",
        )


def missing(evidence: DataEvidence) -> Iterator[Trap]:
    for data, rows in evidence.table.rows.groupby("data"):
        cells = int(np.prod([rows[axis].nunique() for axis in AXES]))
        done = len(rows[rows["left_out"].isna()][list(AXES)].drop_duplicates())
        if done < cells:
            where = f" of {data!s}" if data else ""
            yield Trap(
                "missing_cells",
                f"{cells - done} of {cells} cells of the grid{where} have no completed point.",
            )
