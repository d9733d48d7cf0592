"""Failing: the chance that a run which could be made would fail, from the failures so far."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.noise import Floats
from analysis.table import AXES

COUNTED = ("out_of_memory", "diverged", "timeout")
"""Failures that a larger run shares: of the others, such as a lost node, the knobs are no cause."""
PRIOR = 0.02
"""Chance where nothing was seen, counted as one run."""


def could_fail(rows: pd.DataFrame, runs: pd.DataFrame) -> Floats:
    """Chance of each run to fail, [runs], by the rows of its data and setting.

    The mean of a beta distribution: of the failures that are no larger in any knob, among these and the
    completed rows that are no smaller in any, and the prior as one more row.
    """
    failed = rows[(rows["status"] == "failed") & rows["failure"].isin(COUNTED)]
    completed = rows[rows["status"] == "completed"]
    chance = np.full(len(runs), PRIOR)
    for (data, setting), mine in failed.groupby(["data", "setting"]):
        at = np.flatnonzero((runs["data"] == data) & (runs["setting"] == setting))
        knobs, below = _knobs(runs.iloc[at]), _knobs(mine)
        above = _knobs(completed[(completed["data"] == data) & (completed["setting"] == setting)])
        num_failed = (below[None] <= knobs[:, None]).all(axis=2).sum(axis=1)
        num_completed = (above[None] >= knobs[:, None]).all(axis=2).sum(axis=1)
        chance[at] = (PRIOR + num_failed) / (1 + num_failed + num_completed)
    return chance


def _knobs(rows: pd.DataFrame) -> Floats:
    return np.asarray(rows[list(AXES)].to_numpy(dtype=float))
