"""The whole grid once its missing runs are made: its means, and how noise will move them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.noise import Floats
from analysis.replicates import draw_errors
from analysis.suggest.foresight import LARGEST_ERROR
from analysis.suggest.layout import Layout
from analysis.suggest.measured import Measured

REPLICATES = 2000
"""Maximum number of replicates of the noise of the whole grid."""


def completed(
    layout: Layout, measured: Measured, surfaces: Floats, level: Floats, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """The means of all cells [draws, cells] once the missing runs are made, and their numbers of seeds
    [cells]."""
    done, means = measured.on(measured.num_seeds), measured.on(measured.errors)
    missing = np.maximum(layout.cells["num_seeds"].to_numpy(dtype=float) - done, 0)
    spread = level * measured.level * measured.noise.sd(surfaces) / np.sqrt(np.maximum(missing, 1))
    future = surfaces + spread * generator.standard_normal(surfaces.shape)
    seeds = np.maximum(done + missing, 1)
    return np.clip((done * means + missing * future) / seeds, 0.01, LARGEST_ERROR), seeds


def moved(layout: Layout, measured: Measured, middle: Floats, seeds: Floats, df: int) -> Floats:
    """[replicates, cells], relative shifts of the errors by the noise of the whole grid.

    They are drawn by `draw_errors`, with the random numbers it will use once the grid is measured; only the
    uncertainty of the noise's exponents is that of now.
    """
    groups = layout.cells.assign(
        error=middle,
        variance=np.where(seeds > 1, (measured.level * measured.noise.sd(middle)) ** 2, np.nan),
        num_seeds=seeds,
        reading_variance=measured.on(measured.reading_variance),
    )
    draws = draw_errors(groups, replace(measured.noise, df=df))
    assert draws is not None  # noise is known or assumed here
    return np.asarray(draws[:REPLICATES] / middle - 1)


def found_level(level: Floats, df: float, whole_df: float, generator: np.random.Generator) -> Floats:
    """[draws, 1], ratio of the noise that the whole grid estimates to the noise known now.

    The degrees of freedom known now are part of the whole grid's, so the ratio is 1 where no more are to
    come.
    """
    more = max(whole_df - df, 0.0)
    squares = level**2 * (generator.chisquare(more, size=level.shape) if more else 0.0)
    return np.asarray(np.sqrt((df + squares) / (df + more)))
