"""Tests of benchmarks.decision_optuna, where its package has been installed by a benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.decision_optuna import OPTUNAS
from benchmarks.decision_sources import published, simulated
from benchmarks.decision_strategies import random_order, spend
from benchmarks.peers import OPTUNA
from scaling.data.cache import cache_dir

pytestmark = pytest.mark.skipif(not (cache_dir() / OPTUNA).exists(), reason=f"{OPTUNA} is not there")


@pytest.mark.parametrize("strategy", OPTUNAS.values(), ids=OPTUNAS)
def test_every_run_is_made_once_also_of_a_grid_with_gaps(strategy) -> None:
    source = published()
    runs = source.draw(np.random.default_rng(0))
    order = spend(source.grid, strategy, runs, np.random.default_rng(1), 1.0)
    assert sorted(order) == list(range(runs.errors.size))


def test_tpe_meets_good_cells_sooner_than_chance() -> None:
    source = simulated("flat")
    runs = source.draw(np.random.default_rng(0))
    best = np.argsort(runs.truth)[:10]
    ranks = {}
    for name, strategy in {"tpe": OPTUNAS["Optuna, TPE"], "random": random_order}.items():
        order = spend(source.grid, strategy, runs, np.random.default_rng(1), 1.0) // source.grid.num_seeds
        ranks[name] = np.flatnonzero(np.isin(order, best)).mean()
    assert ranks["tpe"] < 0.5 * ranks["random"]
