"""Optuna's strategies for `decision_quality`: TPE for accuracy, and NSGA-II for accuracy and FLOPs.

A trial is a cell with all its seeds; its value is their mean error. The axes are integers, indices into the
grid's values. A proposal that is already measured, or not a cell of the grid, is replaced by the nearest
unmeasured cell, at random among ties; otherwise TPE would propose the same few cells for ever.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from analysis.noise import Floats, Rows
from analysis.table import AXES
from benchmarks.decision_sources import Grid
from benchmarks.decision_strategies import Generator, Strategy, every_seed
from benchmarks.peers import COLORLOG, OPTUNA, installed

POPULATION = 16
"""Population of NSGA-II; its default of 50 would be a third of a grid, drawn at random."""


def tpe(grid: Grid, seen: Floats, generator: Generator) -> Iterator[Rows]:
    """TPE, which minimises the error."""
    sampler = optuna().samplers.TPESampler(seed=int(generator.integers(2**31)))
    yield from _asked(grid, seen, generator, sampler, 1, lambda cell: [float(seen[cell].mean())])


def nsga2(grid: Grid, seen: Floats, generator: Generator) -> Iterator[Rows]:
    """NSGA-II, which minimises error and FLOPs."""
    sampler = optuna().samplers.NSGAIISampler(population_size=POPULATION, seed=int(generator.integers(2**31)))
    flops = grid.cells["flops"].to_numpy(dtype=float)
    yield from _asked(grid, seen, generator, sampler, 2, lambda cell: [float(seen[cell].mean()), flops[cell]])


@cache
def optuna() -> Any:
    """The package, installed with the other peers if needed and put last on the path."""
    sys.path += [str(installed(package)) for package in (OPTUNA, COLORLOG)]
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _asked(
    grid: Grid,
    seen: Floats,
    generator: Generator,
    sampler: Any,
    num_values: int,
    values: Callable[[int], list[float]],
) -> Iterator[Rows]:
    """Ask and tell until all cells are measured; `values` of a cell are the objectives."""
    places = _places(grid)
    highest = places.max(axis=0)
    study = optuna().create_study(directions=["minimize"] * num_values, sampler=sampler)
    while True:
        left = np.flatnonzero(np.isnan(seen).any(axis=1))
        if not len(left):
            return
        trial = study.ask()
        asked = [trial.suggest_int(name, 0, int(top)) for name, top in zip(AXES, highest, strict=True)]
        steps = np.abs(places[left] - asked).sum(axis=1)
        cell = int(generator.choice(left[steps == steps.min()]))
        if steps.min() > 0:
            study.tell(trial, state=optuna().trial.TrialState.FAIL)
            study.enqueue_trial(dict(zip(AXES, map(int, places[cell]), strict=True)))
            trial = study.ask()
            for name, top in zip(AXES, highest, strict=True):
                trial.suggest_int(name, 0, int(top))
        yield every_seed(grid, [cell])
        study.tell(trial, values(cell))


def _places(grid: Grid) -> Rows:
    """Index of each cell's axes among the values of the grid, [cells, 4]."""
    columns = [np.unique(grid.cells[name], return_inverse=True)[1] for name in AXES]
    return np.stack(columns, axis=1)


OPTUNAS: dict[str, Strategy] = {"Optuna, TPE": tpe, "Optuna, NSGA-II": nsga2}
