"""Second seeds, while the noise of a run is only assumed: until they tell it, no rule is settled."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.noise import Rows
from analysis.noise_estimate import seed_noise
from analysis.pairs import MIN_DF
from analysis.suggest.worth import Chosen, Runs

NOISE = "the noise of a run"
"""What they tell, where a rule stands otherwise."""


def may_tell(groups: pd.DataFrame, measured: Rows, runs: Runs, coming: Rows) -> bool:
    """Whether runs that could be made, or are coming, repeat measured cells and may tell the noise.

    Not where MIN_DF repeats and half of the models' were made already: they were copies, and more will be.
    """
    made = groups["num_seeds"].sum() - len(groups)
    is_repeat = np.isin(np.concatenate([runs.cells, coming]), measured)
    return bool(is_repeat.any()) and made < max(MIN_DF, len(groups) / 2)


def lacking(groups: pd.DataFrame, measured: Rows, coming: Rows) -> int:
    """How many repeats the noise lacks besides those that are coming."""
    return max(0, MIN_DF - seed_noise(groups).df - int(np.isin(coming, measured).sum()))


def cheapest(number: int, measured: Rows, runs: Runs, budget: float) -> Chosen:
    """So many repeats of measured cells, one of each cell before another."""
    (repeats,) = np.nonzero(np.isin(runs.cells, measured))
    turn = pd.Series(runs.cells[repeats]).groupby(runs.cells[repeats]).cumcount()
    order = repeats[np.lexsort((runs.price[repeats], turn))]
    chosen = order[np.cumsum(runs.price[order]) <= budget][:number]
    return Chosen(runs=chosen, rules=(NOISE,) * len(chosen), shrinks=np.full(len(chosen), np.nan))
