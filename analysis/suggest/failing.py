"""Failing: the probability that a run fails, estimated from the failures so far."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.noise import Floats
from analysis.table import AXES

COUNTED = ("out_of_memory", "diverged", "timeout")
"""Failures that larger runs share; the knobs do not cause others, such as a lost node."""
PRIOR = 0.02
"""Probability of failing where nothing has failed, counted as one run."""


def could_fail(rows: pd.DataFrame, runs: pd.DataFrame) -> Floats:
    """[runs], probability that each run fails, from the rows of its data and setting.

    The posterior mean of a beta distribution: failures count that are no larger than the run in any knob,
    successes that are no smaller in any, and the prior counts as one run.
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
