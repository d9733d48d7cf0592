"""Tests of benchmarks.decision_strategies."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.decision_sources import published, simulated
from benchmarks.decision_strategies import STRATEGIES, halving, measured, small_first, spend

SOURCES = {"published": published(), "simulated": simulated("flat")}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_every_run_is_made_once(strategy, source) -> None:
    runs = source.draw(np.random.default_rng(0))
    order = spend(source.grid, strategy, runs, np.random.default_rng(1), 1.0)
    assert sorted(order) == list(range(runs.errors.size))


@pytest.mark.parametrize("share", [0.05, 0.33, 1.0])
def test_what_is_measured_costs_no_more_than_its_share(share: float) -> None:
    source = SOURCES["simulated"]
    runs = source.draw(np.random.default_rng(0))
    order = spend(source.grid, STRATEGIES["random"], runs, np.random.default_rng(1), 1.0)
    seen = measured(source.grid, runs, order, share)
    spent = float((np.isfinite(seen).sum(axis=1) * source.grid.prices).sum())
    largest = source.grid.prices.max()
    assert share * source.grid.whole - largest <= spent <= share * source.grid.whole * (1 + 1e-9)
    assert (seen[np.isfinite(seen)] == runs.errors[np.isfinite(seen)]).all()


def test_halving_trains_the_best_third_longer_first() -> None:
    source = SOURCES["simulated"]
    runs, cells = source.draw(np.random.default_rng(0)), source.grid.cells
    order = spend(source.grid, halving, runs, np.random.default_rng(1), 1.0)
    visited = list(dict.fromkeys(order // source.grid.num_seeds))
    short = np.flatnonzero(cells["epochs"] == 10)
    assert set(visited[:48]) == set(short)
    best = short[np.argsort(runs.errors[short].mean(axis=1))[:16]]
    same = cells.index[cells["epochs"] == 30][np.isin(np.flatnonzero(cells["epochs"] == 10), best)]
    assert set(visited[48:64]) == set(same)
    assert (cells["epochs"].iloc[visited[64:70]] == 100).all()


def test_small_scale_first_ends_a_network_before_a_larger_one() -> None:
    source = SOURCES["simulated"]
    order = spend(
        source.grid,
        small_first,
        source.draw(np.random.default_rng(0)),
        np.random.default_rng(1),
        1.0,
    )
    flops = source.grid.cells["flops"].to_numpy()[order // source.grid.num_seeds]
    assert (np.diff(flops) >= 0).all()
