"""The observed part of a curve: checked, in logarithms, and thinned where it has very many points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.noise import Floats
from scaling.errors import Refused

FEWEST_POINTS = 4
MOST_POINTS = 80
"""Points above this number are averaged within as many equal parts of log step."""
SPIKE = 0.1
"""Smallest distance of log error from the median of a point and its four neighbours that makes it a spike; it
must also be far larger than the usual step."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The known part of a curve; arrays are [points], in order of steps."""

    t: Floats
    """Logarithm of the step over the last known step."""
    z: Floats
    """Logarithm of the error."""
    weight: Floats
    """Number of points that each one averages."""
    scatter: float
    """Sum of squares of the averaged points around a straight line in each part."""
    scatter_df: int


def observe(steps: npt.ArrayLike, error: npt.ArrayLike) -> Observed:
    """Check a curve and take its logarithms. Raises `Refused` where it cannot be extrapolated."""
    x, y = checked(steps, error, fewest=FEWEST_POINTS)
    if np.ptp(y) == 0:
        raise Refused(
            f"All {y.size} errors of the curve are {y[0]:g}: a curve that has not moved does not say "
            "where it will end."
        )
    t, z = np.log(x / x[-1]), np.log(y)
    keep = ~_spikes(z)
    return _averaged(t[keep], z[keep])


def increasing(values: npt.ArrayLike, name: str) -> Floats:
    """A one-dimensional array of finite, positive, increasing numbers. Raises `Refused` for anything else."""
    try:
        x = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise Refused(f"The {name} of a curve are not all numbers: give one number per point.") from None
    if x.ndim != 1 or not np.isfinite(x).all() or (x <= 0).any():
        raise Refused(f"The {name} of a curve must be one row of finite numbers above 0, such as 1, 2, 3.")
    if (np.diff(x) <= 0).any():
        place = int(np.argmax(np.diff(x) <= 0))
        raise Refused(
            f"The {name} of a curve must increase, and {x[place + 1]:g} follows {x[place]:g}: sort them, "
            "and keep one point of each."
        )
    return x


def checked(steps: npt.ArrayLike, error: npt.ArrayLike, *, fewest: int) -> tuple[Floats, Floats]:
    """Steps and errors of a curve, with half of the smallest other error for an error of 0. Raises `Refused`
    for anything else."""
    x = increasing(steps, "steps")
    try:
        y = np.asarray(error, dtype=float)
    except (TypeError, ValueError):
        raise Refused("The errors of a curve are not all numbers: give one number per point.") from None
    if y.shape != x.shape:
        raise Refused(f"A curve of {x.size} steps has {y.size} errors: give one error per step.")
    if x.size < fewest:
        raise Refused(f"A curve of {_points(x.size)} cannot be extrapolated: give at least {fewest}.")
    bad = ~np.isfinite(y) | (y < 0)
    if bad.any():
        raise Refused(
            f"The error at step {x[bad][0]:g} is {y[bad][0]:g}: errors must be finite and at least 0, so "
            "leave out a run that diverged, and turn accuracies into errors (100 - top1)."
        )
    if not y.any():
        raise Refused(f"All {y.size} errors of the curve are 0: it cannot fall further.")
    return x, np.where(y > 0, y, y[y > 0].min() / 2)


def _points(count: int) -> str:
    return "one point" if count == 1 else f"{count} points"


def _spikes(z: Floats) -> npt.NDArray[np.bool_]:
    """Which points jump away from their neighbours and back; never the two at either end."""
    spikes = np.zeros(len(z), dtype=bool)
    if len(z) < FEWEST_POINTS + 4:
        return spikes
    middle = np.median(np.lib.stride_tricks.sliding_window_view(z, 5), axis=1)
    distance = np.abs(z[2:-2] - middle)
    spikes[2:-2] = distance > max(SPIKE, 8 * float(np.median(np.abs(np.diff(z)))))
    return spikes


def _averaged(t: Floats, z: Floats) -> Observed:
    """The points, averaged within MOST_POINTS equal parts of log step where there are more."""
    if len(t) <= MOST_POINTS:
        return Observed(t=t, z=z, weight=np.ones(len(t)), scatter=0.0, scatter_df=0)
    part = np.minimum((-t / (-t[0]) * MOST_POINTS).astype(int), MOST_POINTS - 1)
    groups: Sequence[npt.NDArray[np.intp]] = [np.flatnonzero(part == p) for p in np.unique(part)[::-1]]
    scatter, scatter_df = 0.0, 0
    for group in groups:
        if len(group) > 2:
            line = np.polyfit(t[group], z[group], 1)
            scatter += float(np.sum((z[group] - np.polyval(line, t[group])) ** 2))
            scatter_df += len(group) - 2
    return Observed(
        t=np.array([t[group].mean() for group in groups]),
        z=np.array([z[group].mean() for group in groups]),
        weight=np.array([float(len(group)) for group in groups]),
        scatter=scatter,
        scatter_df=scatter_df,
    )
