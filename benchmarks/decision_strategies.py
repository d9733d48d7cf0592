"""Strategies: the order in which the runs of a grid are made, given the results so far.

A strategy is a generator of batches of runs, each run a flat index into errors [cells, seeds]. The errors of
a batch are in `seen` [cells, seeds] before the next one is requested; those of runs not yet made are NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from math import ceil

import numpy as np

from analysis.noise import Floats, Rows
from benchmarks.decision_sources import NETWORK, Grid, Runs

Generator = np.random.Generator
Strategy = Callable[[Grid, Floats, Generator], Iterator[Rows]]
KEPT = 1 / 3
"""Share of a rung that is promoted to the next."""


def spend(grid: Grid, strategy: Strategy, runs: Runs, generator: Generator, share: float) -> Rows:
    """The runs in the order in which the strategy makes them, until `share` of the grid's train FLOPs is
    spent or the strategy ends."""
    order: list[int] = []
    seen, spent = np.full(runs.errors.shape, np.nan), 0.0
    for batch in strategy(grid, seen, generator):
        order += batch.tolist()
        seen.flat[batch] = runs.errors.flat[batch]
        spent += float(grid.prices[batch // grid.num_seeds].sum())
        if spent >= share * grid.whole:
            break
    return np.array(order, dtype=np.intp)


def measured(grid: Grid, runs: Runs, order: Rows, share: float) -> Floats:
    """Errors [cells, seeds] known once `share` of the train FLOPs is spent; NaN where a run has not ended by
    then."""
    spent = np.cumsum(grid.prices[order // grid.num_seeds])
    made = order[spent <= share * grid.whole * (1 + 1e-9)]
    seen = np.full(runs.errors.shape, np.nan)
    seen.flat[made] = runs.errors.flat[made]
    return seen


def cost_order(grid: Grid, _: Floats, __: Generator) -> Iterator[Rows]:
    """The full grid, cheapest runs first."""
    yield every_seed(grid, np.argsort(grid.prices, kind="stable"))


def random_order(grid: Grid, _: Floats, generator: Generator) -> Iterator[Rows]:
    """The full grid, run by run in random order."""
    yield generator.permutation(len(grid.cells) * grid.num_seeds)


def small_first(grid: Grid, _: Floats, __: Generator) -> Iterator[Rows]:
    """The full grid in order of the networks' FLOPs, each network at all its epochs."""
    flops, epochs = grid.cells["flops"].to_numpy(dtype=float), grid.cells["epochs"].to_numpy(dtype=float)
    yield every_seed(grid, np.lexsort((epochs, flops)))


def halving(grid: Grid, seen: Floats, _: Generator) -> Iterator[Rows]:
    """Successive halving with epochs as the fidelity: all networks at the fewest epochs, the best third of
    them at more, the best third of these at more still; then the same again for those left behind. Cells
    without a shorter run of their network come last."""
    rungs = _rungs(grid)
    yield every_seed(grid, list(rungs[0].values()))
    going = True
    while going:
        going = False
        for below, rung in pairwise(rungs):
            waiting = [(seen[below[name]].mean(), cell) for name, cell in rung.items() if name in below]
            waiting = sorted(
                each for each in waiting if np.isfinite(each[0]) and np.isnan(seen[each[1]]).any()
            )
            going |= bool(waiting)
            yield every_seed(grid, [cell for _, cell in waiting[: ceil(KEPT * len(waiting))]])
    left = np.flatnonzero(np.isnan(seen).any(axis=1))
    yield every_seed(grid, left[np.argsort(grid.prices[left], kind="stable")])


def every_seed(grid: Grid, cells: Sequence[int] | Rows) -> Rows:
    """The runs of these cells with all seeds, cell by cell."""
    runs = np.asarray(cells, dtype=np.intp)[:, None] * grid.num_seeds + np.arange(grid.num_seeds)
    return runs.ravel()


def _rungs(grid: Grid) -> list[dict[tuple[float, ...], int]]:
    """For each number of epochs, in increasing order, the cell of each network."""
    names = list(map(tuple, grid.cells[NETWORK].to_numpy(dtype=float)))
    epochs = grid.cells["epochs"].to_numpy(dtype=float)
    return [{names[cell]: int(cell) for cell in np.flatnonzero(epochs == each)} for each in np.unique(epochs)]


STRATEGIES: dict[str, Strategy] = {
    "full grid, cheapest first": cost_order,
    "random": random_order,
    "small scale first": small_first,
    "successive halving": halving,
}
"""Strategies by name; Optuna's are in `decision_optuna`."""
