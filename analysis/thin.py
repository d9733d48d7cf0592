"""Thinning: a subset of very many models on which rules and laws rest, so that a report takes under a
minute."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.table import AXES

MAX_COMPARED = 1000
"""Maximum number of models compared; the time for their pairs grows faster than their number."""


def thinned(groups: pd.DataFrame) -> pd.DataFrame:
    """At most MAX_COMPARED of the groups (one row per model), with a new index; unchanged where there are
    fewer.

    First the settings with the most models are kept, as many as fit and at least one; then every other value
    of the axis that has the most, repeatedly, including its smallest and largest. What is left of a grid is a
    grid.
    """
    if len(groups) <= MAX_COMPARED:
        return groups
    return _gridded(groups[_of_large_settings(groups)], MAX_COMPARED).reset_index(drop=True)


def thinned_alike(groups: pd.DataFrame) -> pd.DataFrame:
    """At most MAX_COMPARED of the groups, for comparisons of settings with each other, as of families: each
    setting keeps as many models as it can, and none is dropped unless there are more settings than that."""
    if len(groups) <= MAX_COMPARED:
        return groups
    settings = sorted((rows for _, rows in groups.groupby(["data", "setting"])), key=len)
    kept: list[pd.DataFrame] = []
    room = MAX_COMPARED
    for number, rows in enumerate(settings):
        kept.append(_gridded(rows, max(room // (len(settings) - number), 1)))
        room -= len(kept[-1])
    return thinned(pd.concat(kept).sort_index().reset_index(drop=True))


def _gridded(groups: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most `most` of the groups: repeatedly every other value of the axis that has the most."""
    while len(groups) > most:
        axis = max(AXES, key=lambda name: groups[name].nunique())
        values = np.unique(groups[axis])
        places = np.linspace(0, len(values) - 1, (len(values) + 1) // 2).round().astype(int)
        groups = groups[groups[axis].isin(values[places])]
    return groups


def _of_large_settings(groups: pd.DataFrame) -> pd.Series:
    """Which groups are of the settings with the most models; on a tie, of the first by name."""
    sizes = groups.groupby(["data", "setting"]).size().sort_values(ascending=False, kind="stable")
    num_fitting = max(int((sizes.cumsum() <= MAX_COMPARED).sum()), 1)
    setting = pd.MultiIndex.from_frame(groups[["data", "setting"]])
    return pd.Series(setting.isin(sizes.index[:num_fitting]), index=groups.index)
