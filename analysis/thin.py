"""Thinning: of very many models those that rules and laws rest on, so that a report ends within a minute."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.table import AXES

MAX_COMPARED = 1000
"""Models that are compared at most: what their pairs take grows faster than their number."""


def thinned(groups: pd.DataFrame) -> pd.DataFrame:
    """At most MAX_COMPARED of the groups (one row a model), numbered anew; all of them where they are fewer.

    First the settings with most models, as many as fit and one at least; then every other value of the axis
    that has most, again and again, its smallest and largest kept: what is left is a grid if all were one.
    """
    if len(groups) <= MAX_COMPARED:
        return groups
    return _gridded(groups[_of_large_settings(groups)], MAX_COMPARED).reset_index(drop=True)


def thinned_alike(groups: pd.DataFrame) -> pd.DataFrame:
    """The same for what compares settings with each other, as families are: each keeps as many models as it
    can, none is dropped unless there are more settings than models that are compared."""
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
    """At most so many models: every other value of the axis that has most, again and again."""
    while len(groups) > most:
        axis = max(AXES, key=lambda name: groups[name].nunique())
        values = np.unique(groups[axis])
        places = np.linspace(0, len(values) - 1, (len(values) + 1) // 2).round().astype(int)
        groups = groups[groups[axis].isin(values[places])]
    return groups


def _of_large_settings(groups: pd.DataFrame) -> pd.Series:
    """Which groups are of the settings with most models, the first by name of equals."""
    sizes = groups.groupby(["data", "setting"]).size().sort_values(ascending=False, kind="stable")
    num_fitting = max(int((sizes.cumsum() <= MAX_COMPARED).sum()), 1)
    setting = pd.MultiIndex.from_frame(groups[["data", "setting"]])
    return pd.Series(setting.isin(sizes.index[:num_fitting]), index=groups.index)
