"""Simulated grids that are partly measured."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.noise_estimate import seed_noise
from analysis.suggest.layout import Layout
from analysis.suggest.measured import Measured
from benchmarks.simulated_studies import CELLS, NOISE, groups_of

NUM_SEEDS = 3


class Simulated:
    """A grid with a drawn result for every run, and what is known after some of them."""

    layout = Layout.of(groups_of(np.zeros((len(CELLS), 1))).assign(num_seeds=NUM_SEEDS))

    def __init__(self, truth, seed=0):
        generator = np.random.default_rng(seed)
        self.runs = truth(CELLS)[:, None] + NOISE * generator.standard_normal((len(CELLS), NUM_SEEDS))
        self.truth = truth(CELLS)

    def measured(self, made):
        """What is known when the runs in `made`, [cells, seeds], have results."""
        groups = groups_of(np.where(made, self.runs, np.nan))
        return Measured.of(self.layout.cells, groups, seed_noise(groups))

    def whole(self):
        return groups_of(self.runs)


@pytest.fixture(scope="session")
def simulated():
    return Simulated


@pytest.fixture(scope="session")
def half():
    """Mask of half of the cells, with two seeds each."""
    made = np.zeros((len(CELLS), NUM_SEEDS), dtype=bool)
    made[np.random.default_rng(3).permutation(len(CELLS))[: len(CELLS) // 2], :2] = True
    return made
