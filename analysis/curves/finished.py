"""The reference class of a run: finished curves under the same schedule, which show how the rest of a run
goes."""

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
"""Prior standard deviation of the slope of final on present log error, around 1: all fall by the same
factor."""
SIZE_SPREAD = 0.2
"""Prior standard deviation of the effect on the fall of log error of a knob that is larger by a factor of
e."""
CURVE_SPREAD = 0.1
"""Prior standard deviation of the effects of squares and products of the logarithms of the knobs, around
their mean."""
SCATTERS = np.geomspace(0.01, 1.0, 60)
"""Standard deviations of the final log error around its prediction, equally likely a priori. No prediction is
closer than the first."""
MEMBERS = 200

Curve = tuple[npt.ArrayLike, npt.ArrayLike]
"""Steps and errors of a curve."""


def extrapolate_like(
    steps: npt.ArrayLike,
    error: npt.ArrayLike,
    finished: Sequence[Curve],
    *,
    end: float,
    sizes: npt.ArrayLike = (),
) -> Extrapolation:
    """The error of a run at its last step `end`, from finished runs that trained under the same schedule.

    Arguments and refusals are those of `final_error`. Unlike `extrapolate`, this accounts for the late fall
    of a cosine or step schedule.
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
    """The distribution of the logarithm of a run's error at its last step `end`, noise included; at one time.

    `steps` and `error` [points] are as in `extrapolate`, but one point is enough; each of `finished` is such
    a curve up to its own end. Curves are aligned by the share of the schedule that is completed. The fall of
    the finished curves from this share to their end is regressed on their log error at this share and on a
    quadratic of the logarithms of their knobs: `sizes` [1 + finished, knobs], those of the run first. Larger
    models fall by a different amount than those that have finished, which are mostly smaller: without sizes
    the prediction would be biased, and without squares the effect of sizes would count as chance. Slopes are
    normal around 0, with the SPREADs above, and are integrated out, as the scatter is. Runs of equal sizes,
    such as seeds of one model, share what the regression misses, so together they count as one.

    Raises `Refused` for fewer than FEWEST_FINISHED curves, and for one that starts after this share.
    """
    x, y = checked(steps, error, fewest=1)
    last = increasing([end], "last steps")[0]
    if last < x[-1]:
        raise Refused(f"Step {last:g} is not after the last one known, {x[-1]:g}: give a later end.")
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
    """Log error of a finished curve after `share` of its steps, and at its end."""
    x, y = checked(steps, error, fewest=2)
    if x[0] > share * x[-1] * (1 + 1e-9):
        raise Refused(
            f"A finished curve begins after {100 * x[0] / x[-1]:.0f} % of its steps, and {100 * share:.0f} % "
            "is needed: leave it out."
        )
    return float(np.interp(np.log(share * x[-1]), np.log(x), np.log(y))), float(np.log(y[-1]))


def _design(level: Floats, knobs: Floats) -> Floats:
    """[n, terms], design matrix of the regression from level [n] and knobs [n, knobs]; each term is
    multiplied by the prior spread of its slope."""
    pairs = combinations_with_replacement(range(knobs.shape[1]), 2)
    products = [CURVE_SPREAD * knobs[:, first] * knobs[:, second] for first, second in pairs]
    return np.column_stack([SLOPE_SPREAD * level, SIZE_SPREAD * knobs, *products])


def _shares(knobs: Floats) -> Floats:
    """[n], weights of the rows [n, knobs]: rows with equal knobs together weigh as much as one."""
    if not knobs.size:
        return np.ones(len(knobs))
    _, which, number = np.unique(knobs, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(1 / number[which.ravel()])


def _regressed(known: Floats, response: Floats, weight: Floats, place: Floats) -> Mixture:
    """The response of a new run at `place` [k], from responses [n] at `known` [n, k] with weights [n].

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
