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
    kept = groups[_of_large_settings(groups)]
    while len(kept) > MAX_COMPARED:
        axis = max(AXES, key=lambda name: kept[name].nunique())
        values = np.unique(kept[axis])
        places = np.linspace(0, len(values) - 1, (len(values) + 1) // 2).round().astype(int)
        kept = kept[kept[axis].isin(values[places])]
    return kept.reset_index(drop=True)


def _of_large_settings(groups: pd.DataFrame) -> pd.Series:
    """Which groups are of the settings with most models, the first by name of equals."""
    sizes = groups.groupby(["data", "setting"]).size().sort_values(ascending=False, kind="stable")
    num_fitting = max(int((sizes.cumsum() <= MAX_COMPARED).sum()), 1)
    setting = pd.MultiIndex.from_frame(groups[["data", "setting"]])
    return pd.Series(setting.isin(sizes.index[:num_fitting]), index=groups.index)
