"""Worth: how much a run would narrow the intervals of the open rules, for its price."""

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
"""Expected shrinkage of the intervals of the open rules below which a run teaches nothing."""
LEAST_WORTH = 0.05
"""Share of the largest worth of any run below which a run is not proposed, however cheap it is."""


@dataclass(frozen=True)
class Runs:
    """Runs that could be made."""

    cells: Rows
    """[runs], index of each run's cell in the layout."""
    price: Floats
    """[runs], price in train FLOPs, or in the unit of the budget."""
    could_fail: Floats
    """[runs], probability of failing: a run that fails teaches nothing."""


@dataclass(frozen=True)
class Chosen:
    runs: Rows
    """Indices of the runs, the one that teaches most for its price first."""
    rules: tuple[str, ...]
    """The rule that each run teaches most about."""
    shrinks: Floats
    """Share by which each run is expected to shrink the interval of that rule."""


class Knowledge:
    """What is known about the numbers that open rules rest on, updated as runs come in."""

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
        """[numbers, cells], share by which one more run of a cell shrinks the interval of a number."""
        told = self._with_cells**2 / (self._covariance.diagonal() + self._noise)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(self._now[:, None] > 0, told / self._now[:, None], 0.0)
        return np.asarray(1 - np.sqrt(np.clip(1 - share, 0.0, 1.0)))

    def worth(self) -> Floats:
        """[cells], mean of that share over the open rules, weighted by the doubt about each."""
        return np.asarray(self._weight @ self.shrinks())

    def learn(self, cell: int) -> tuple[str, float]:
        """Count one more run of a cell as made; return the rule that it teaches most about, and its share
        there."""
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
        """Approximate probability that each open rule is settled once the budget is spent on the runs.

        Runs are taken by worth per price for as long as the budget lasts. A verdict of probability p is as
        many standard deviations away from another as the normal quantile of p. Learning moves it by a normal
        step with the variance that is gone; the rule is settled where the remaining variance then leaves its
        probability high enough.
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
        """[numbers], share of an interval's width that is left after all of these runs."""
        places, counts = np.unique(cells, return_counts=True)
        told = self._with_cells[:, places]
        covariance = self._covariance[np.ix_(places, places)] + np.diag(self._noise[places] / counts)
        gone = np.einsum("qc,cq->q", told, np.linalg.solve(covariance, told.T))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(self._now > 0, gone / self._now, 0.0)
        return np.asarray(np.sqrt(np.clip(1 - share, 0.0, 1.0)))


def choose(knowledge: Knowledge, runs: Runs, budget: float, batch: int) -> Chosen:
    """At most `batch` runs for at most `budget` (unit of the prices), each with the most worth per price
    after those before it."""
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
