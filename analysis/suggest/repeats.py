"""Second seeds, while the noise of a run is only assumed: no rule is settled before they measure it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.noise import Rows
from analysis.noise_estimate import seed_noise
from analysis.pairs.pairs import MIN_DF
from analysis.suggest.worth import Chosen, Runs

NOISE = "the noise of a run"
"""What repeats measure, in the place of the name of a rule."""


def may_tell(groups: pd.DataFrame, measured: Rows, runs: Runs, coming: Rows) -> bool:
    """Whether runs that could be made, or are coming, repeat measured cells and may measure the noise.

    Once there are repeats of MIN_DF and of half of the models they may not: those were copies, and so would
    others be.
    """
    made = groups["num_seeds"].sum() - len(groups)
    is_repeat = np.isin(np.concatenate([runs.cells, coming]), measured)
    return bool(is_repeat.any()) and made < max(MIN_DF, len(groups) / 2)


def lacking(groups: pd.DataFrame, measured: Rows, coming: Rows) -> int:
    """Number of repeats that the noise still needs besides those that are coming."""
    return max(0, MIN_DF - seed_noise(groups).df - int(np.isin(coming, measured).sum()))


def cheapest(number: int, measured: Rows, runs: Runs, budget: float) -> Chosen:
    """The cheapest `number` repeats of measured cells, a first repeat of every cell before a second of
    any."""
    (repeats,) = np.nonzero(np.isin(runs.cells, measured))
    turn = pd.Series(runs.cells[repeats]).groupby(runs.cells[repeats]).cumcount()
    order = repeats[np.lexsort((runs.price[repeats], turn))]
    chosen = order[np.cumsum(runs.price[order]) <= budget][:number]
    return Chosen(runs=chosen, rules=(NOISE,) * len(chosen), shrinks=np.full(len(chosen), np.nan))
