"""The reference class of a run: finished curves under the same schedule, which say what its rest brings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from analysis.curves.extrapolate import Extrapolation
from analysis.curves.observed import checked, increasing
from analysis.noise import Floats
from scaling.errors import Refused

FEWEST_FINISHED = 3
SLOPE_SPREAD = 0.5
"""Prior standard deviation of the slope of final on present log error, around 1: all fall by one factor."""

Curve = tuple[npt.ArrayLike, npt.ArrayLike]
"""Steps and errors."""


def extrapolate_like(
    steps: npt.ArrayLike, error: npt.ArrayLike, finished: Sequence[Curve], *, end: float
) -> Extrapolation:
    """The error of a run at its last step `end`, from finished runs that trained under the same schedule.

    `steps` and `error` [points] are as in `extrapolate`, and one point is enough, each of `finished` is such
    a curve up to its own end, and what counts is the share of the schedule behind a run. The final log error
    of the finished ones is regressed on their log error at the same share, with the slope shrunk to 1; the
    intervals are those of a new run (Student's t, with the effective degrees of freedom of the ridge). Unlike
    `extrapolate` this knows of the fall that a cosine or a step brings late. It holds for a run that could
    have been one of the finished: a network far larger than all of them is not. Refused for fewer than
    FEWEST_FINISHED of them, and for one that begins later than this share.
    """
    x, y = checked(steps, error, fewest=1)
    last = increasing([end], "last steps")[0]
    if last < x[-1]:
        raise Refused(f"Step {last:g} is not after the last one known, {x[-1]:g}: ask for a later end.")
    if len(finished) < FEWEST_FINISHED:
        raise Refused(f"{len(finished)} finished curves are no reference: give at least {FEWEST_FINISHED}.")
    present, final = np.transpose([_at(*curve, x[-1] / last) for curve in finished])
    estimate, sd, df = _regressed(present, final, float(np.log(y[-1])))
    low, high, low80, high80 = np.exp(estimate + sd * student.ppf([0.025, 0.975, 0.1, 0.9], df))
    return Extrapolation(
        steps=np.array([last]),
        estimate=np.exp([estimate]),
        low=np.array([low]),
        high=np.array([high]),
        low80=np.array([low80]),
        high80=np.array([high80]),
        num_points=len(x),
        method=f"{len(finished)} finished curves",
    )


def _at(steps: npt.ArrayLike, error: npt.ArrayLike, share: float) -> tuple[float, float]:
    """Log error when `share` of a finished curve was behind it, and at its end."""
    x, y = checked(steps, error, fewest=2)
    if x[0] > share * x[-1] * (1 + 1e-9):
        raise Refused(
            f"A finished curve begins after {100 * x[0] / x[-1]:.0f} % of its steps, and {100 * share:.0f} % "
            "is asked of it: leave it out."
        )
    return float(np.interp(np.log(share * x[-1]), np.log(x), np.log(y))), float(np.log(y[-1]))


def _regressed(present: Floats, final: Floats, now: float) -> tuple[float, float, float]:
    """Estimate, standard deviation of a new run about it and degrees of freedom, of the final log error."""
    apart, gain = present - present.mean(), final - present
    shrinkage = max(float(gain.var(ddof=1)), 1e-12) / SLOPE_SPREAD**2
    spread = float(apart @ apart)
    slope = float(apart @ gain) / (spread + shrinkage)
    df = len(gain) - 1 - spread / (spread + shrinkage)
    residual = gain - gain.mean() - slope * apart
    distance = now - float(present.mean())
    variance = float(residual @ residual) / df
    sd = np.sqrt(variance * (1 + 1 / len(gain) + distance**2 / (spread + shrinkage)))
    return now + float(gain.mean()) + slope * distance, float(sd), df
