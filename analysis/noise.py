"""Seed noise: how much a result varies when only the seed changes, and the variance of means over seeds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.table import AXES, COST_COLUMNS, EXTRAPOLATED_SD, FRAMES, STOPPED

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
"""Row positions in a table."""
Interval = tuple[float, float]

GROUP = ("data", "setting", *AXES)
REGIME = ["data", "setting", "epochs"]
_DECIMALS = 9
"""Decimals of a mean error: means that differ only by rounding must be equal."""
SMALLEST_ERROR = 0.01
"""Errors in percent are clipped to this from below before their logarithm is taken."""
SIZES = ("network", "image")
"""Sizes that the noise may depend on: FLOPs per pixel, and pixels."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Standard deviation of the error of one run, in points, as a function of the error and the sizes.

    sd(e) = scale * (e (1 - e / 100)) ** (power / 2) at the middle of the sizes. Power 0 is noise that is
    constant in points, 1 the noise of a binomial count of wrong images, 2 noise in proportion to the error.
    No single power fits all studies (short runs are often far noisier than long ones), so it is estimated
    from the repeats, and so is the growth of the variance with the size of the network (FLOPs per pixel) and
    of the image (pixels).
    """

    kind: Literal["seeds", "declared", "interaction", "unknown"]
    """`seeds`: estimated from repeats. `declared`: stated by a source without repeats. `interaction`: without
    either, estimated from the interaction of architecture and resolution, which contains the seed noise and
    more, so that intervals are if anything too wide."""
    scale: float
    power: float
    df: int
    """Degrees of freedom of the estimate, pooled over all groups."""
    growth: tuple[float, float] = field(default=(0.0, 0.0), repr=False)
    """Exponents of the variance in the sizes of the network and of the image."""
    middle: tuple[float, float] = field(default=(0.0, 0.0), repr=False)
    """Logarithms of the sizes to which `scale` applies."""
    scatter: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    """[3, 3], covariance of the estimates of power and growth; empty where they are not estimated."""

    @property
    def known(self) -> bool:
        return self.kind != "unknown"

    @property
    def is_of_runs(self) -> bool:
        """Whether this is the noise of a run and nothing else: estimated from repeats, or declared."""
        return self.kind in ("seeds", "declared")

    def sd(self, error: Floats) -> Floats:
        """Standard deviation of one run, in points, at the mean error `error` (percent) and the middle
        sizes."""
        return np.asarray(self.scale * _spread(error) ** (self.power / 2))

    def size_factor(self, groups: pd.DataFrame) -> Floats:
        """[n], factor by which `sd` is multiplied at the sizes of these groups."""
        if not any(self.growth):
            return np.ones(len(groups))
        return np.asarray(np.exp(0.5 * self.away(groups) @ np.array(self.growth)))

    def away(self, groups: pd.DataFrame) -> Floats:
        """[n, 2], logarithms of the sizes relative to the middle; 0 for a network whose FLOPs are not
        known."""
        return np.nan_to_num(log_sizes(groups) - self.middle)


UNKNOWN = Noise(kind="unknown", scale=0.0, power=1.0, df=0)


def log_sizes(groups: pd.DataFrame) -> Floats:
    """[n, 2], logarithms of the FLOPs per pixel and of the pixels; NaN where they are not known.

    FLOPs per pixel grow with depth and width and are comparable across families of networks.
    """
    pixels = groups["resolution"].to_numpy(dtype=float) ** 2
    per_pixel = groups["flops"].to_numpy(dtype=float) / pixels
    sizes = np.column_stack([per_pixel, pixels])
    return np.log(np.where((sizes > 0) & np.isfinite(sizes), sizes, np.nan))


def group_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per (data, setting, axes) with the means over its seeds: error, variance, num_seeds,
    num_stopped, reading_variance, costs and, for clips, frames.

    Rows that repeat a seed within a group are averaged first, since a copy is not evidence. Two kinds of
    variance do not show in repeats and enter `reading_variance`: that of a value read off a figure, which may
    be off by `top1_uncertainty` either way (a third of its square, JCGM 100:2008, 4.3.7), and that of the
    extrapolated error of a seed that was stopped early. Such a seed counts like the others, since to drop it
    would keep the lucky ones; but the variance among seeds of which one was stopped is not that of runs, and
    is NaN.
    """
    columns = [
        "error",
        "reading_variance",
        "num_stopped",
        *COST_COLUMNS,
        *([FRAMES] if FRAMES in rows else []),
    ]
    off = rows["top1_uncertainty"].fillna(0.0) if "top1_uncertainty" in rows else 0.0
    stopped = rows["left_out"] == STOPPED if "left_out" in rows else pd.Series(False, index=rows.index)
    told = rows[EXTRAPOLATED_SD].where(stopped, 0.0) if EXTRAPOLATED_SD in rows else 0.0
    rows = rows.assign(reading_variance=off**2 / 3 + told**2, num_stopped=stopped.astype(int))
    per_seed = rows.groupby([*GROUP, "seed"], as_index=False)[columns].mean()
    grouped = per_seed.groupby(list(GROUP))
    groups = grouped[columns].mean()
    groups["error"] = groups["error"].round(_DECIMALS)
    groups["num_stopped"] = grouped["num_stopped"].sum().astype(int)
    groups["variance"] = grouped["error"].var().where(groups["num_stopped"] == 0)
    groups["num_seeds"] = grouped.size()
    groups["reading_variance"] /= groups["num_seeds"]
    return groups.reset_index()


def run_sd(groups: pd.DataFrame, noise: Noise) -> Floats:
    """[n], standard deviation of one run of each group, in points."""
    return np.asarray(noise.size_factor(groups) * noise.sd(groups["error"].to_numpy(dtype=float)))


def num_runs(groups: pd.DataFrame) -> Floats:
    """[n], number of runs behind each mean error: its seeds, but 1 where all repeats are copies.

    A copy is not evidence, whatever its seed; to count copies would shrink noise from elsewhere.
    """
    seeds = groups["num_seeds"].to_numpy(dtype=float)
    return np.ones_like(seeds) if groups["variance"].max() == 0 else seeds


def mean_variance(groups: pd.DataFrame, noise: Noise) -> Floats:
    """[groups], variance of each group's mean error in points squared: that of its runs and that of
    reading."""
    runs = run_sd(groups, noise) ** 2 / num_runs(groups)
    return np.asarray(runs + groups["reading_variance"].to_numpy(dtype=float))


def clipped(error: Floats) -> Floats:
    """Errors clipped away from 0 and 100 %, so that their logarithms and logits exist."""
    return np.clip(error, SMALLEST_ERROR, 100.0 - SMALLEST_ERROR)


def log_spread(groups: pd.DataFrame) -> Floats:
    """[n], logarithm of e (1 - e / 100), a power of which the variance of a run is."""
    return np.log(_spread(groups["error"].to_numpy(dtype=float)))


def _spread(error: Floats) -> Floats:
    return np.asarray(np.clip(error * (1 - error / 100), 0.05, None))
