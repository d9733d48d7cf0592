"""The reference class of a run: finished curves under the same schedule, which say what its rest brings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from analysis.curves.extrapolate import SHARES, Extrapolation
from analysis.curves.observed import checked, increasing
from analysis.curves.posterior import Mixture
from analysis.curves.sample import drawn
from analysis.noise import Floats
from scaling.errors import Refused

FEWEST_FINISHED = 3
SLOPE_SPREAD = 0.5
"""Prior standard deviation of the slope of final on present log error, around 1: all fall by one factor."""
SIZE_SPREAD = 0.2
"""Prior standard deviation of what a knob that is e times larger adds to the fall of log error."""
CURVE_SPREAD = 0.1
"""The same of the squares and products of the knobs' logarithms, about their mean."""
SCATTERS = np.geomspace(0.01, 1.0, 60)
"""Standard deviations of a final log error about what is told, each as likely before any is seen. No end is
foretold more closely than by the first."""
MEMBERS = 200

Curve = tuple[npt.ArrayLike, npt.ArrayLike]
"""Steps and errors."""


def extrapolate_like(
    steps: npt.ArrayLike,
    error: npt.ArrayLike,
    finished: Sequence[Curve],
    *,
    end: float,
    sizes: npt.ArrayLike = (),
) -> Extrapolation:
    """The error of a run at its last step `end`, from finished runs that trained under the same schedule.

    Arguments and refusals are those of `final_error`. Unlike `extrapolate` this knows of the fall that a
    cosine or a step brings late.
    """
    final = final_error(steps, error, finished, end=end, sizes=sizes)
    estimate, low, high, low80, high80 = (np.exp(final.quantile(share)) for share in SHARES)
    return Extrapolation(
        steps=np.array([float(end)]),
        estimate=estimate,
        low=low,
        high=high,
        low80=low80,
        high80=high80,
        num_points=np.size(error),
        method=f"{len(finished)} finished curves",
    )


def final_error(
    steps: npt.ArrayLike,
    error: npt.ArrayLike,
    finished: Sequence[Curve],
    *,
    end: float,
    sizes: npt.ArrayLike = (),
) -> Mixture:
    """What the logarithm of a run's error may be at its last step `end`, noise included; one time.

    `steps` and `error` [points] are as in `extrapolate`, and one point is enough, each of `finished` is such
    a curve up to its own end, and what counts is the share of the schedule behind a run. The fall of the
    finished ones from this share to their end is regressed on their log error there, and on a quadratic of
    the logarithms of their knobs: `sizes` [1 + finished, knobs] has those of the run first. Who is larger
    falls by more or less than who has finished, most often the smaller ones, so that without sizes what is
    told is off to one side; and without squares, what sizes do to the error would count as chance. Slopes are
    normal around 0, by the SPREADs above, and summed over as the scatter is. Runs of the same sizes, as seeds
    of one model, share what the regression misses: together they count as one.

    Refused for fewer than FEWEST_FINISHED, and for one that begins later than this share.
    """
    x, y = checked(steps, error, fewest=1)
    last = increasing([end], "last steps")[0]
    if last < x[-1]:
        raise Refused(f"Step {last:g} is not after the last one known, {x[-1]:g}: ask for a later end.")
    if len(finished) < FEWEST_FINISHED:
        raise Refused(f"{len(finished)} finished curves are no reference: give at least {FEWEST_FINISHED}.")
    present, final = np.transpose([_at(*curve, x[-1] / last) for curve in finished])
    now = float(np.log(y[-1]))
    knobs = np.asarray(sizes, dtype=float).reshape(1 + len(finished), -1)
    weight = _shares(knobs[1:])
    known = _design(np.array([now, *present]), knobs - np.average(knobs[1:], axis=0, weights=weight))
    fall = _regressed(known[1:], final - present, weight, known[0])
    return Mixture(location=now + fall.location, scale=fall.scale)


def _at(steps: npt.ArrayLike, error: npt.ArrayLike, share: float) -> tuple[float, float]:
    """Log error when `share` of a finished curve was behind it, and at its end."""
    x, y = checked(steps, error, fewest=2)
    if x[0] > share * x[-1] * (1 + 1e-9):
        raise Refused(
            f"A finished curve begins after {100 * x[0] / x[-1]:.0f} % of its steps, and {100 * share:.0f} % "
            "is asked of it: leave it out."
        )
    return float(np.interp(np.log(share * x[-1]), np.log(x), np.log(y))), float(np.log(y[-1]))


def _design(level: Floats, knobs: Floats) -> Floats:
    """[n, terms] of the regression, each in units of its slope's spread, from [n] and [n, knobs]."""
    pairs = combinations_with_replacement(range(knobs.shape[1]), 2)
    products = [CURVE_SPREAD * knobs[:, first] * knobs[:, second] for first, second in pairs]
    return np.column_stack([SLOPE_SPREAD * level, SIZE_SPREAD * knobs, *products])


def _shares(knobs: Floats) -> Floats:
    """[n], what each of the rows [n, knobs] counts: those that are alike together as much as one."""
    if not knobs.size:
        return np.ones(len(knobs))
    _, which, number = np.unique(knobs, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(1 / number[which.ravel()])


def _regressed(known: Floats, response: Floats, weight: Floats, place: Floats) -> Mixture:
    """The response of a new run at `place` [k], from those [n] at `known` [n, k], which count by weight [n].

    Slopes have a standard normal prior, the intercept a flat one, and the scatter is one of SCATTERS.
    """
    middle, mean = (np.average(values, axis=0, weights=weight) for values in (known, response))
    root = np.sqrt(weight)
    left, singular, right = np.linalg.svd(root[:, None] * (known - middle), full_matrices=False)
    apart = root * (response - mean)
    along = left.T @ apart
    beside = max(float((apart**2).sum() - (along**2).sum()), 0.0)
    ahead = right @ (place - middle)
    off = float(((place - middle) ** 2).sum() - (ahead**2).sum())
    noise = SCATTERS[:, None] ** 2
    variance = noise + singular**2
    num_beside = weight.sum() - 1 - len(singular)
    log_likelihood = (
        -0.5 * (np.log(variance) + along**2 / variance).sum(axis=1)
        - num_beside * np.log(SCATTERS)
        - 0.5 * beside / SCATTERS**2
    )
    location = mean + (singular * along * ahead / variance).sum(axis=1)
    slopes = off + (ahead**2 * noise / variance).sum(axis=1)
    scale = np.sqrt(slopes + SCATTERS**2 * (1 + 1 / weight.sum()))
    members = drawn(log_likelihood, MEMBERS)
    return Mixture(location=location[members, None], scale=scale[members, None])
