"""Worth: how much a run would narrow the intervals of the rules that are not settled, for its price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from analysis.noise import Floats, Rows
from analysis.suggest.foresight import LARGEST_ERROR, Foresight, settled_at
from analysis.suggest.measured import Measured
from analysis.suggest.surrogate import Surrogate

NEGLIGIBLE = 1e-3
"""A run that is expected to shrink the intervals of the open rules by less teaches nothing."""
LEAST_WORTH = 0.05
"""Share of what the most telling run teaches: a run that teaches less is not proposed, however cheap."""


@dataclass(frozen=True)
class Runs:
    """Runs that could be made."""

    cells: Rows
    """The place of each in the layout, [runs]."""
    price: Floats
    """[runs], train FLOPs."""
    could_fail: Floats
    """[runs], 0 to 1: a run that fails teaches nothing."""


@dataclass(frozen=True)
class Chosen:
    runs: Rows
    """Places among the runs, the one that teaches most for its price first."""
    rules: tuple[str, ...]
    """For each the rule that it teaches most of."""
    shrinks: Floats
    """For each, by which share it is expected to shrink the interval of that rule."""


class Knowledge:
    """What is known of the numbers that unsettled rules rest on, as runs come in."""

    def __init__(self, surrogate: Surrogate, measured: Measured, foresights: Sequence[Foresight]) -> None:
        self._num_rules = len(foresights)
        self._open = [each for each in foresights if not each.settled]
        sizes = [len(each.slopes) for each in self._open]
        self._rule = np.repeat(np.arange(len(self._open)), sizes)
        doubt = np.array([1 - each.probability for each in self._open])
        doubt /= max(doubt.sum(), 1e-9)
        self._weight = np.repeat(doubt / np.maximum(sizes, 1), sizes)
        self._covariance = surrogate.covariance
        error = np.minimum(np.exp(surrogate.mean), LARGEST_ERROR)
        self._noise = (measured.level * measured.noise.sd(error) / error) ** 2
        slopes = np.concatenate([each.slopes for each in self._open] or [np.empty((0, len(error)))])
        self._with_cells = slopes @ self._covariance
        self._now = np.einsum("qc,qc->q", self._with_cells, slopes)

    @property
    def is_settled(self) -> bool:
        return not self._open

    def shrinks(self) -> Floats:
        """[numbers, cells]: by which share one more run of a cell shrinks the interval of a number."""
        told = self._with_cells**2 / (self._covariance.diagonal() + self._noise)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(self._now[:, None] > 0, told / self._now[:, None], 0.0)
        return np.asarray(1 - np.sqrt(np.clip(1 - share, 0.0, 1.0)))

    def worth(self) -> Floats:
        """[cells], the mean share over the unsettled rules, each weighted as it is in doubt."""
        return np.asarray(self._weight @ self.shrinks())

    def learn(self, cell: int) -> tuple[str, float]:
        """Take one more run of a cell as coming; the rule that it tells most of, and its share there."""
        shrinks = self.shrinks()[:, cell]
        told, total = (np.bincount(self._rule, part) for part in (self._weight * shrinks, self._weight))
        first = int(np.argmax(told))
        row, numbers = self._covariance[cell].copy(), self._with_cells[:, cell].copy()
        variance = row[cell] + self._noise[cell]
        self._now -= numbers**2 / variance
        self._with_cells -= np.outer(numbers, row) / variance
        self._covariance -= np.outer(row, row) / variance
        return self._open[first].rule, float(told[first] / total[first])

    def chances(self, runs: Runs, budget: float) -> dict[str, float]:
        """Of each open rule, about how likely it is to be settled once the budget is spent on the runs.

        Those of most worth a FLOP are taken as long as the budget lasts. A verdict of probability p lies as
        many standard deviations from another one as a normal deviate of that probability; what is learned
        moves it by the share of the variance that is gone, and what is left must then hold it.
        """
        order = np.argsort(-self.worth()[runs.cells] * (1 - runs.could_fail) / runs.price, kind="stable")
        bought = order[np.cumsum(runs.price[order]) <= budget]
        left = np.clip(self._left(runs.cells[bought]), 1e-6, 1 - 1e-9)
        needed = ndtri(settled_at(self._num_rules))
        found = {}
        for place, each in enumerate(self._open):
            share = float(left[self._rule == place].mean())
            z, moved = ndtri(np.clip(each.probability, 0.5, 0.999)), np.sqrt(1 - share**2)
            sides = ndtr((np.array([z, -z]) - share * needed) / moved)
            found[each.rule] = float(min(sides.sum(), 1.0))
        return found

    def _left(self, cells: Rows) -> Floats:
        """[numbers], the share of an interval's width that these runs leave, all at once."""
        places, counts = np.unique(cells, return_counts=True)
        told = self._with_cells[:, places]
        covariance = self._covariance[np.ix_(places, places)] + np.diag(self._noise[places] / counts)
        gone = np.einsum("qc,cq->q", told, np.linalg.solve(covariance, told.T))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(self._now > 0, gone / self._now, 0.0)
        return np.asarray(np.sqrt(np.clip(1 - share, 0.0, 1.0)))


def choose(knowledge: Knowledge, runs: Runs, budget: float, batch: int) -> Chosen:
    """At most `batch` runs for at most `budget` train FLOPs, each of most worth a FLOP after the others."""
    picked: list[int] = []
    told: list[tuple[str, float]] = []
    is_open = np.full(len(runs.cells), not knowledge.is_settled)
    while len(picked) < batch:
        is_open &= runs.price <= budget
        if not is_open.any():
            break
        worth = knowledge.worth()[runs.cells] * (1 - runs.could_fail)
        useful = is_open & (worth >= max(LEAST_WORTH * worth[is_open].max(), NEGLIGIBLE))
        if not useful.any():
            break
        best = int(np.argmax(np.where(useful, worth / runs.price, -1.0)))
        told.append(knowledge.learn(int(runs.cells[best])))
        picked.append(best)
        is_open[best] = False
        budget -= runs.price[best]
    return Chosen(
        runs=np.array(picked, dtype=np.intp),
        rules=tuple(rule for rule, _ in told),
        shrinks=np.array([share for _, share in told]),
    )
