"""The measured cells of a grid, and the noise of a run at every cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import GROUP, REGIME, Floats, Noise, Rows, clipped, num_runs
from analysis.replicates import factors_at, regime_noise

LEAST_NOISE = 1e-4
"""Smallest standard deviation of a mean log error: 0.01 % of the error."""
QUANTILES = (0.5, 0.9)
"""Quantiles of the factors of uneven noise: the usual one, and that by which the measured means are weighed.
Weighed by the median, a model whose few repeats agree by chance would pass for certain."""


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
    """[cells], ratio of the noise at every cell of the grid to `noise.sd` at its error, from its size, its
    regime and, where noise is uneven, the repeats of its network or resolution."""
    cautious: Floats
    """[n], the same for the measured cells, but as high as it may well be where noise is uneven."""

    @classmethod
    def of(cls, grid: pd.DataFrame, groups: pd.DataFrame, noise: Noise) -> Measured:
        """The measurements of groups (as made by `noise.group_seeds`), all of which must be cells of the
        grid."""
        cells = places_of(grid, groups)
        level, cautious = _levels(grid, groups, noise)
        return cls(
            cells=cells,
            errors=clipped(groups["error"].to_numpy(dtype=float)),
            num_seeds=num_runs(groups),
            reading_variance=groups["reading_variance"].to_numpy(dtype=float),
            noise=noise,
            level=level,
            cautious=cautious[cells],
        )

    def log_noise(self) -> Floats:
        """[n], standard deviation of the mean log errors."""
        runs = (self.cautious * self.noise.sd(self.errors)) ** 2 / self.num_seeds
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
    """[QUANTILES, cells], ratio of the noise to `noise.sd`."""
    if noise.kind != "seeds" or not groups["variance"].sum() > 0:  # no repeats, or only copies
        return np.ones((len(QUANTILES), len(grid)))
    repeats = groups[[*GROUP, "error", "variance", "num_seeds"]]
    cells = grid[[*GROUP, "flops"]].merge(repeats, on=list(GROUP), how="left")
    cells = cells.fillna({"error": groups["error"].mean()})  # any error will do where nothing is repeated
    place = np.asarray(cells.groupby(REGIME, sort=True).ngroup(), dtype=np.intp)
    squares, df = regime_noise(cells, noise, place)
    variance = (squares / df)[place] * factors_at(QUANTILES, cells, noise)
    return np.asarray(np.sqrt(variance) * noise.size_factor(grid))
