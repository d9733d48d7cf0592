"""Foresight in `decision_quality`: predicted verdicts of the whole grid, and the most informative runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from analysis.noise import Floats, Rows
from analysis.suggest.foresight import Foresight, judged
from analysis.suggest.layout import Layout
from analysis.suggest.measured import Measured
from analysis.suggest.suggest import BATCH, noise_of_few
from analysis.suggest.surrogate import Surrogate
from analysis.suggest.whole import Whole
from analysis.suggest.worth import Knowledge, Runs, choose
from benchmarks.decision_reading import Decision, budgets, measured_groups, rules_of
from benchmarks.decision_sources import Grid
from benchmarks.decision_strategies import Generator


def read_foresight(grid: Grid, errors: Floats) -> Decision:
    """The most likely verdicts of the whole grid, and the best networks according to the surrogate; `errors`
    is as for `decision_reading.read_pairs`."""
    state = _State(grid, errors)
    found = {each.rule: each for each in state.foresights}
    verdicts = dict.fromkeys(rules_of(grid), "undecided") | {"crossover": "undetermined"}
    verdicts |= {rule: each.verdict for rule, each in found.items()}
    turn, size = (found.get(rule) for rule in ("crossover", "resolution"))
    return Decision(
        verdicts=verdicts,
        crossover=turn.estimate if turn is not None and turn.verdict == "inside_range" else None,
        cap=size.estimate if size is not None and size.verdict == "slow" else None,
        family=_family(grid, state.surrogate.mean),
    )


def teaches_most(grid: Grid, seen: Floats, _: Generator) -> Iterator[Rows]:
    """The strategy of `analysis suggest`: run its batches until every rule is settled or no remaining run is
    informative."""
    while np.isnan(seen).any():
        state = _State(grid, seen)
        knowledge = Knowledge(state.surrogate, state.measured, state.foresights)
        left = np.flatnonzero(np.isnan(seen).ravel())
        cells = left // grid.num_seeds
        runs = Runs(cells=cells, price=grid.prices[cells], could_fail=np.zeros(len(cells)))
        chosen = choose(knowledge, runs, np.inf, BATCH)
        if not len(chosen.runs):  # all rules are settled or undecidable
            return
        yield left[chosen.runs]


@dataclass(frozen=True)
class _State:
    """What is known of a grid at one moment."""

    grid: Grid
    errors: Floats
    """[cells, seeds], NaN where a run has not been made."""

    @property
    def layout(self) -> Layout:
        return _layout(self.grid)

    @cached_property
    def measured(self) -> Measured:
        groups, _ = measured_groups(self.grid, self.errors)
        return Measured.of(self.grid.cells, groups, noise_of_few(groups, self.grid.declared))

    @cached_property
    def surrogate(self) -> Surrogate:
        return self.layout.space.surrogate(self.measured)

    @cached_property
    def foresights(self) -> tuple[Foresight, ...]:
        return judged([*Whole.drawn(self.layout, self.measured, self.surrogate).foresights()])


@cache
def _layout(grid: Grid) -> Layout:
    return Layout.of(grid.cells.assign(num_seeds=grid.num_seeds), grid.compared_at)


def _family(grid: Grid, mean: Floats) -> Rows:
    """For each budget, the network with the lowest predicted error at its longest training."""
    flops, finals = grid.cells["flops"].to_numpy(dtype=float), np.unique(grid.finals)
    within = [finals[flops[finals] <= limit] for limit in budgets(grid)]
    return np.array([cells[np.argmin(mean[cells])] for cells in within], dtype=np.intp)
