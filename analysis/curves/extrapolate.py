"""An extrapolation: where a curve will be at later steps, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.curves.observed import increasing, observe
from analysis.curves.posterior import future
from analysis.noise import Floats
from scaling.errors import Refused

KNOTS = 24
"""Steps at which the quantiles are taken; between them they are interpolated on log-log axes."""
SHARES = (0.5, 0.025, 0.975, 0.1, 0.9)


@dataclass(frozen=True, kw_only=True)
class Extrapolation:
    """A curve at later steps; arrays are [steps], in the unit of the error."""

    steps: Floats
    estimate: Floats
    """The median."""
    low: Floats
    high: Floats
    """95 % of a new measurement at this step, its noise included."""
    low80: Floats
    high80: Floats
    num_points: int
    """Points of the curve that were known."""
    method: str
    """What it rests on."""


def extrapolate(steps: npt.ArrayLike, error: npt.ArrayLike, at: npt.ArrayLike) -> Extrapolation:
    """Extrapolate a learning curve to the steps `at`.

    `steps` [points] are epochs, examples seen or examples learned from, above 0 and increasing; `error`
    [points] is an error or a loss, in any unit, whose smallest possible value is 0: give 100 - top1 for an
    accuracy in percent. An error of exactly 0 counts as half of the smallest other. `at` is a number or
    [later steps]. Refused for what is no such curve, for fewer than FEWEST_POINTS points, and for one
    that has not moved.

    The curve meant is one whose rule does not change: a constant learning rate, runs of various lengths each
    ended by its own schedule, or a model fitted on ever more examples. The curve of one run under a cosine or
    a step schedule falls late, when the learning rate does, and nothing before says how far: for those, see
    `analysis.curves.finished`.
    """
    later = increasing(np.atleast_1d(np.asarray(at)), "later steps")
    if not len(later):
        raise Refused("No later step is given: ask for at least one later step.")
    observed = observe(steps, error)
    last = float(np.asarray(steps, dtype=float)[-1])
    if later[0] < last:
        raise Refused(f"Step {later[0]:g} is not after the last one known, {last:g}: ask for a later step.")
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
