"""An extrapolation: the future of a curve at later steps, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.curves.observed import increasing, observe
from analysis.curves.posterior import future
from analysis.noise import Floats
from scaling.errors import Refused

KNOTS = 24
"""Number of steps at which quantiles are computed; between these they are interpolated on log-log axes."""
SHARES = (0.5, 0.025, 0.975, 0.1, 0.9)


@dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """A curve at later steps; arrays are [steps], in the unit of the error."""

    steps: Floats
    estimate: Floats
    """Median."""
    low: Floats
    high: Floats
    """Bounds of the 95 % interval of a new measurement at this step, including its noise; then of the 80 %
    interval."""
    low80: Floats
    high80: Floats
    num_points: int
    """Number of known points of the curve."""
    method: str
    """What the extrapolation is based on."""


def extrapolate(steps: npt.ArrayLike, error: npt.ArrayLike, at: npt.ArrayLike) -> Extrapolation:
    """Extrapolate a learning curve to the steps `at`.

    `steps` [points] are epochs, examples seen or training set sizes, above 0 and increasing. `error` [points]
    is an error or a loss in any unit whose smallest possible value is 0: for an accuracy in percent, pass 100
    - top1. An error of exactly 0 counts as half of the smallest other. `at` is a number or [later steps].
    Raises `Refused` for anything else, for fewer than FEWEST_POINTS points, and for a curve that has not
    moved.

    The curve must follow one rule throughout: a constant learning rate, runs of various lengths each ended by
    its own schedule, or a model fitted to ever more examples. The curve of a single run under a cosine or
    step schedule falls late, when the learning rate does, and its earlier part does not say how far: for
    those, see `analysis.curves.finished`.
    """
    later = increasing(np.atleast_1d(np.asarray(at)), "later steps")
    if not len(later):
        raise Refused("No later step is given: give at least one.")
    observed = observe(steps, error)
    last = float(np.asarray(steps, dtype=float)[-1])
    if later[0] < last:
        raise Refused(f"Step {later[0]:g} is not after the last one known, {last:g}: give a later step.")
    ahead = np.log(later / last)
    knots = np.linspace(ahead[0], ahead[-1], KNOTS) if len(ahead) > KNOTS else ahead
    mixture = future(observed, knots)
    estimate, low, high, low80, high80 = (
        np.exp(np.interp(ahead, knots, mixture.quantile(share))) for share in SHARES
    )
    return Extrapolation(
        steps=later,
        estimate=estimate,
        low=low,
        high=high,
        low80=low80,
        high80=high80,
        num_points=np.size(error),
        method="the curve alone",
    )
