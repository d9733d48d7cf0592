"""The measured cells of a grid, and the noise of a run at every cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import GROUP, REGIME, Floats, Noise, Rows, clipped, num_runs
from analysis.replicates import regime_noise

LEAST_NOISE = 1e-4
"""Smallest standard deviation of a mean log error: 0.01 % of the error."""


@dataclass(frozen=True)
class Measured:
    """The cells of a grid that have results, and the noise behind them."""

    cells: Rows
    """[n], indices of the cells."""
    errors: Floats
    """[n], means over their seeds in percent."""
    num_seeds: Floats
    """[n], number of seeds behind each mean."""
    reading_variance: Floats
    """[n], variance of each mean besides the noise of its runs, in points squared."""
    noise: Noise
    level: Floats
    """[cells], ratio of the noise at every cell of the grid to `noise.sd` at its error, from its size and its
    regime."""

    @classmethod
    def of(cls, grid: pd.DataFrame, groups: pd.DataFrame, noise: Noise) -> Measured:
        """The measurements of groups (as made by `noise.group_seeds`), all of which must be cells of the
        grid."""
        return cls(
            cells=places_of(grid, groups),
            errors=clipped(groups["error"].to_numpy(dtype=float)),
            num_seeds=num_runs(groups),
            reading_variance=groups["reading_variance"].to_numpy(dtype=float),
            noise=noise,
            level=_levels(grid, groups, noise),
        )

    def log_noise(self) -> Floats:
        """[n], standard deviation of the mean log errors."""
        runs = (self.level[self.cells] * self.noise.sd(self.errors)) ** 2 / self.num_seeds
        return np.asarray(np.maximum(np.sqrt(runs + self.reading_variance) / self.errors, LEAST_NOISE))

    def on(self, values: Floats) -> Floats:
        """[cells], the values [n] at their cells and 0 at all others."""
        spread = np.zeros(len(self.level))
        spread[self.cells] = values
        return spread


def places_of(grid: pd.DataFrame, rows: pd.DataFrame) -> Rows:
    """The index in the grid of each row's model."""
    names = pd.MultiIndex.from_frame(grid[list(GROUP)])
    return np.asarray(names.get_indexer(pd.MultiIndex.from_frame(rows[list(GROUP)])), dtype=np.intp)


def _levels(grid: pd.DataFrame, groups: pd.DataFrame, noise: Noise) -> Floats:
    if noise.kind != "seeds" or not groups["variance"].sum() > 0:  # no repeats, or only copies
        return np.ones(len(grid))
    place = grid.groupby(REGIME, sort=True).ngroup().to_numpy()
    measured = place[places_of(grid, groups)]
    known = np.unique(measured)
    squares, df = regime_noise(groups, noise, np.searchsorted(known, measured))
    level = np.ones(place.max() + 1)
    level[known] = np.sqrt(squares / df)
    return np.asarray(level[place] * noise.size_factor(grid))
