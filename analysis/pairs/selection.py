"""A selection: the pairs that one verdict rests on, chosen without looking at any accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import Rows
from analysis.pairs.comparisons import Comparisons
from analysis.pairs.crossover import common_pairs

MIN_PAIRS = 3
"""Number of pairs below which there is no verdict."""

Base = tuple[float, float]
"""Depth and width of the model that a pair scales up."""


@dataclass(frozen=True)
class Selection:
    rows: Rows
    """Rows of `Comparisons.table`."""
    epochs: float
    setting: str
    resolution: float | None
    """None for all resolutions together."""
    bases: tuple[Base, ...]
    """The models that the pairs scale up."""


@dataclass(frozen=True)
class Selections:
    """All selections from one set of comparisons."""

    comparisons: Comparisons
    regimes: tuple[Selection, ...]
    """Fewest epochs first, each from the setting with the most pairs. Where that leaves MIN_PAIRS in each
    regime, only bases that all regimes have are used, so that a change of bases is not taken for a
    crossover."""
    by_resolution: tuple[Selection, ...]
    by_base: tuple[tuple[Selection, ...], ...]
    """All bases of each regime, including those that its verdict does not rest on."""
    common: tuple[Rows, ...]
    """The pairs shared by all regimes, in the same order."""


def select(comparisons: Comparisons) -> Selections:
    """The pairs (axis depth, rival width) that each verdict rests on."""
    table = comparisons.table
    in_setting = _one_setting_per_regime(table)
    chosen = _same_bases(table, in_setting)
    by_resolution = (_split(table, rows, ["resolution"]) for rows in chosen)
    by_base = (_split(table, rows, ["depth", "width"]) for rows in in_setting)
    return Selections(
        comparisons=comparisons,
        regimes=tuple(_selection(table, rows) for rows in chosen),
        by_resolution=tuple(_selection(table, rows, True) for split in by_resolution for rows in split),
        by_base=tuple(tuple(_selection(table, rows) for rows in split) for split in by_base),
        common=tuple(common_pairs(table, comparisons.cost.column, chosen)),
    )


def _selection(table: pd.DataFrame, rows: Rows, one_resolution: bool = False) -> Selection:
    mine = table.iloc[rows]
    return Selection(
        rows=rows,
        epochs=float(mine["epochs"].iloc[0]),
        setting=str(mine["setting"].iloc[0]),
        resolution=float(mine["resolution"].iloc[0]) if one_resolution else None,
        bases=tuple(sorted(set(_bases(mine)))),
    )


def _one_setting_per_regime(table: pd.DataFrame) -> list[Rows]:
    """For each number of epochs, the rows of the (data, setting) with the most pairs; on a tie, of the first
    by name."""
    chosen = []
    for epochs in sorted(table["epochs"].unique()):
        rows = table[table["epochs"] == epochs]
        counts = rows.groupby(["data", "setting"]).size()
        data, setting = counts.index[int(np.argmax(counts.to_numpy()))]
        mine = (table["epochs"] == epochs) & (table["data"] == data) & (table["setting"] == setting)
        chosen.append(np.flatnonzero(mine))
    return chosen


def _same_bases(table: pd.DataFrame, regimes: Sequence[Rows]) -> list[Rows]:
    """The rows from bases that all regimes have; all rows where that leaves a regime with too few."""
    if not regimes:
        return []
    bases = np.fromiter(_bases(table), dtype=object, count=len(table))
    shared = set.intersection(*(set(bases[rows]) for rows in regimes))
    kept = [rows[[base in shared for base in bases[rows]]] for rows in regimes]
    return kept if min(map(len, kept)) >= MIN_PAIRS else list(regimes)


def _bases(table: pd.DataFrame) -> list[Base]:
    return list(zip(table["depth"].astype(float), table["width"].astype(float), strict=True))


def _split(table: pd.DataFrame, rows: Rows, columns: list[str]) -> list[Rows]:
    """The rows grouped by their values in the columns, smallest values first."""
    places = table.iloc[rows].groupby(columns, sort=True).indices
    return [rows[place] for place in places.values()]
