"""The observed part of a curve, checked, on logarithmic axes, and thinned where it has very many points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.noise import Floats
from scaling.errors import Refused

FEWEST_POINTS = 4
MOST_POINTS = 80
"""More are averaged within as many equal parts of log step."""
SPIKE = 0.1
"""Logarithm of the error: what stands out of its four neighbours by more, and by far more than the others."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What is known of a curve; arrays are [points], in order of steps."""

    t: Floats
    """Logarithm of the step over the last step known."""
    z: Floats
    """Logarithm of the error."""
    weight: Floats
    """How many points each is the mean of."""
    scatter: float
    """Sum of squares of the averaged points around a straight line in each part."""
    scatter_df: int


def observe(steps: npt.ArrayLike, error: npt.ArrayLike) -> Observed:
    """Check a curve and take its logarithms; Refused where it cannot be extrapolated."""
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
    """A one-dimensional array of finite positive numbers that increase, or Refused."""
    try:
        x = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise Refused(f"The {name} of a curve are not all numbers: give one number a point.") from None
    if x.ndim != 1 or not np.isfinite(x).all() or (x <= 0).any():
        raise Refused(f"The {name} of a curve must be one row of finite numbers above 0, as 1, 2, 3.")
    if (np.diff(x) <= 0).any():
        place = int(np.argmax(np.diff(x) <= 0))
        raise Refused(
            f"The {name} of a curve must increase, and {x[place + 1]:g} follows {x[place]:g}: sort them, "
            "and keep one point of each."
        )
    return x


def checked(steps: npt.ArrayLike, error: npt.ArrayLike, *, fewest: int) -> tuple[Floats, Floats]:
    """Steps and errors of a curve, or Refused; an error of 0 becomes half of the smallest other."""
    x = increasing(steps, "steps")
    try:
        y = np.asarray(error, dtype=float)
    except (TypeError, ValueError):
        raise Refused("The errors of a curve are not all numbers: give one number a point.") from None
    if y.shape != x.shape:
        raise Refused(f"A curve of {x.size} steps has {y.size} errors: give one error a step.")
    if x.size < fewest:
        raise Refused(f"A curve of {_points(x.size)} cannot be extrapolated: give at least {fewest}.")
    bad = ~np.isfinite(y) | (y < 0)
    if bad.any():
        raise Refused(
            f"The error at step {x[bad][0]:g} is {y[bad][0]:g}: errors must be finite and at least 0, so "
            "leave out a run that diverged, and turn accuracies into errors (100 - top1)."
        )
    if not y.any():
        raise Refused(f"All {y.size} errors of the curve are 0: nothing is left to fall.")
    return x, np.where(y > 0, y, y[y > 0].min() / 2)


def _points(count: int) -> str:
    return "one point" if count == 1 else f"{count} points"


def _spikes(z: Floats) -> npt.NDArray[np.bool_]:
    """Points that jump out of their neighbourhood and back; never one of the two at each end."""
    spikes = np.zeros(len(z), dtype=bool)
    if len(z) < FEWEST_POINTS + 4:
        return spikes
    middle = np.median(np.lib.stride_tricks.sliding_window_view(z, 5), axis=1)
    distance = np.abs(z[2:-2] - middle)
    spikes[2:-2] = distance > max(SPIKE, 8 * float(np.median(np.abs(np.diff(z)))))
    return spikes


def _averaged(t: Floats, z: Floats) -> Observed:
    """At most MOST_POINTS of a curve: of longer ones, the means within equal parts of log step."""
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
