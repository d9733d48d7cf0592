"""The digest of a row's setting, for sources that have none."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd


def setting_of(rows: pd.DataFrame) -> pd.Series:
    """The setting of each row; where the source has none, a digest of all that decides a result except axes
    and seed."""
    if rows["setting"].notna().any():
        return rows["setting"].fillna("none").astype(str)
    columns = ["model", "data", "recipe", *sorted(_deciding(rows))]
    frame = rows[columns].astype(object)
    kinds = frame.groupby(columns, sort=False, dropna=False).ngroup().to_numpy()
    first = frame.iloc[np.unique(kinds, return_index=True)[1]].itertuples(index=False, name=None)
    digests = [hashlib.sha256(repr(values).encode()).hexdigest()[:8] for values in first]
    return pd.Series(np.array(digests, dtype=object)[kinds], index=rows.index)


def _deciding(rows: pd.DataFrame) -> list[str]:
    """The dotted columns that decide a result; of the starting point, only how it was trained, not which one
    it is."""
    dotted = [str(column) for column in rows if "." in str(column)]
    return [
        name for name in dotted if not name.startswith("start.") or name in ("start.tune", "start.origin")
    ]
