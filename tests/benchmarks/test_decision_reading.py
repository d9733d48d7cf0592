"""Tests of benchmarks.decision_reading and benchmarks.decision_layout."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.pairs.pairs import depth_against_width
from analysis.replicates import draw_errors
from analysis.resolution.resolution import resolution_rule
from benchmarks.decision_reading import (
    REPLICATES,
    budgets,
    family,
    measured_groups,
    read_pairs,
    regret,
    rule_at,
    rules_of,
)
from benchmarks.decision_sources import PUBLISHED, Source, published, simulated

SOURCES = {PUBLISHED: published(), "a turn with epochs": simulated("a turn with epochs")}


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_decision_is_what_the_analysis_says_of_the_same_runs(source: Source, share: float) -> None:
    generator = np.random.default_rng(5)
    for _ in range(3):
        errors = source.draw(generator).errors
        errors[generator.random(errors.shape) > share] = np.nan
        found = read_pairs(source.grid, errors)
        groups, noise = measured_groups(source.grid, errors)
        draws = draw_errors(groups, noise, REPLICATES)
        pairs = depth_against_width(groups, noise, draws, source.grid.compared_at)
        resolution = resolution_rule(groups, noise, draws)
        expected = dict.fromkeys(rules_of(source.grid), "undecided")
        expected |= {rule_at(regime.epochs): regime.prefer for regime in pairs.regimes}
        expected |= {"crossover": pairs.crossover.status, "resolution": resolution.prefer}
        assert found.verdicts == expected
        assert found.crossover == (pairs.crossover.estimate and pytest.approx(pairs.crossover.estimate))
        assert found.cap == resolution.cap


def test_nothing_measured_decides_nothing_and_recommends_the_cheapest_network() -> None:
    grid = published().grid
    found = read_pairs(grid, np.full((len(grid.cells), 1), np.nan))
    assert set(found.verdicts.values()) == {"undecided", "undetermined"}
    assert set(found.family) == {grid.finals[int(np.argmin(grid.cells["flops"]))]}


def test_the_whole_grid_without_noise_recommends_without_regret() -> None:
    source = simulated("flat")
    truth = source.draw(np.random.default_rng(0)).truth
    chosen = family(source.grid, np.repeat(truth[:, None], 3, axis=1))
    assert regret(source.grid, truth, chosen) == 0
    worst = source.grid.finals[[int(np.argmax(truth))] * len(chosen)]
    assert regret(source.grid, truth, worst) > 1


def test_a_family_stays_within_its_budgets() -> None:
    source = published()
    errors = source.draw(np.random.default_rng(1)).errors
    errors[np.random.default_rng(2).random(errors.shape) > 0.3] = np.nan
    flops = source.grid.cells["flops"].to_numpy()[family(source.grid, errors)]
    assert (flops <= budgets(source.grid)).all()
