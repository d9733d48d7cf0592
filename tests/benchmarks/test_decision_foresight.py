"""Tests of benchmarks.decision_foresight."""

from __future__ import annotations

import numpy as np

from benchmarks.decision_foresight import read_foresight, teaches_most
from benchmarks.decision_reading import read_pairs, regret
from benchmarks.decision_sources import simulated
from benchmarks.decision_strategies import measured, spend

SOURCE = simulated("depth pays")


def test_of_the_whole_grid_foresight_says_what_the_pairs_say() -> None:
    runs = SOURCE.draw(np.random.default_rng(0))
    seen, foreseen = (read(SOURCE.grid, runs.errors) for read in (read_pairs, read_foresight))
    assert foreseen.verdicts == seen.verdicts
    assert foreseen.cap == seen.cap
    assert regret(SOURCE.grid, runs.truth, foreseen.family) < 0.2


def test_it_stops_where_a_clear_rule_is_settled_and_is_right_there() -> None:
    runs = SOURCE.draw(np.random.default_rng(0))
    order = spend(SOURCE.grid, teaches_most, runs, np.random.default_rng(0), 1.0)
    spent = SOURCE.grid.prices[order // SOURCE.grid.num_seeds].sum() / SOURCE.grid.whole
    assert len(set(order)) == len(order)
    assert spent < 0.2
    found = read_foresight(SOURCE.grid, measured(SOURCE.grid, runs, order, 1.0))
    assert found.verdicts == read_pairs(SOURCE.grid, runs.errors).verdicts
