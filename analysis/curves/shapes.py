"""Shapes: the ways a learning curve may go on, relative to its last point, and their prior.

A shape is the error over that at the last step, as a function of t, the logarithm of the step over the last
step. All are a floor and an excess that falls,

    y(t) / y(0) = floor + (1 - floor) exp(-exponent s(t)),

and differ in s, which has s(0) = 0:

- power: `t`, a power law with floor (Hestness et al. 2017, arXiv:1712.00409);
- broken: `f log(1 + e^((t-d)/f))`, a power law that begins at a break d, flat before it: the broken neural
  scaling law of one break with c0 = 0 (Caballero et al. 2022, arXiv:2210.14891), for f = 1 the power law of
  x + const; ahead: the same, with a break that has not come yet;
- stretched: `(e^(p t) - 1) / p`, the stretched exponential, for p = 1 the exponential, of long training;
- rising: `t` with a negative exponent and no floor, for curves that turn up.

Where no break lies ahead, no shape falls faster and faster on log-log axes: p <= exponent x floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from analysis.noise import Floats

FAMILIES = ("power", "broken", "ahead", "stretched", "rising")
PRIOR = np.array([0.35, 0.3, 0.05, 0.25, 0.05])
"""Share of each family; within one, all that is `possible` in its cube is equally likely."""
NUM_PARAMETERS = 4
TYPICAL_EXPONENT, EXPONENT_SPREAD = 0.4, 1.0
"""Exponents are log-normal, 95 % of them in 0.06 to 3."""
NO_FLOOR = 0.3
"""Share of curves without a floor in sight; the other floors are uniform on 0 to 1."""
EARLIEST_BREAK, LAST_BREAK = 0.5, -0.3
"""Range of a break in t, uniform: from so far before the first known step to so far before the last."""
AHEAD = (0.2, 1.0)
"""Where a plateau ends that has not ended yet: at 1.2 to 2.7 times the last step, uniform in t."""
SHARPNESS = (0.4, 2.5)
SHARP_AHEAD = (0.2, 1.0)
"""Uniform in the logarithm."""
STRETCH = (0.25, 1.0)
TYPICAL_FOLDS, FOLDS_SPREAD = 2.0, 1.0
"""How often the excess of a stretched exponential has fallen by a factor e; exponent / p, log-normal."""
SATURATING = 0.1
"""Share of the stretched exponentials whose floor is told by what they had to lose at step 0, so that after
many folds they are close to it."""
TYPICAL_EXCESS, EXCESS_SPREAD = 5.0, 1.0
"""That, over the floor; log-normal."""
RISING = (-0.5, -0.03)


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Many shapes; every field has one value a shape, [shapes]."""

    floor: Floats
    exponent: Floats
    break_at: Floats
    """The break in t; minus infinity where there is none."""
    sharpness: Floats
    stretch: Floats
    """The p of the stretched exponential; 0 in the others."""

    def log_ratio(self, t: Floats) -> Floats:
        """Logarithm of the error over that at the last step, [shapes, times]."""
        floor, exponent = self.floor[:, None], self.exponent[:, None]
        with np.errstate(over="ignore"):
            excess = np.exp(-exponent * self._progress(t))
        return np.asarray(np.log(floor + (1 - floor) * excess))

    def _progress(self, t: Floats) -> Floats:
        progress = np.tile(t, (len(self.floor), 1))
        broken = np.isfinite(self.break_at)
        at, sharpness = self.break_at[broken, None], self.sharpness[broken, None]
        progress[broken] = sharpness * (
            np.logaddexp(0, (t - at) / sharpness) - np.logaddexp(0, -at / sharpness)
        )
        stretched = self.stretch > 0
        stretch = self.stretch[stretched, None]
        progress[stretched] = np.expm1(stretch * t) / stretch
        return progress


def shapes(family: npt.NDArray[np.intp], cube: Floats, first: float) -> Shapes:
    """Shapes at places of the unit cube, [shapes, NUM_PARAMETERS].

    `family` [shapes] are places in FAMILIES, and `first` is the first step known, on the axis of t.
    """
    floor = np.maximum(0, (cube[:, 0] - NO_FLOOR) / (1 - NO_FLOOR))
    exponent = TYPICAL_EXPONENT * np.exp(EXPONENT_SPREAD * ndtri(cube[:, 1]))
    rising = family == FAMILIES.index("rising")
    floor[rising], exponent[rising] = 0, _between(RISING, cube[rising, 1])
    break_at, sharpness = np.full(len(family), -np.inf), np.ones(len(family))
    for name, where, sharp in (
        ("broken", (first - EARLIEST_BREAK, LAST_BREAK), SHARPNESS),
        ("ahead", AHEAD, SHARP_AHEAD),
    ):
        rows = family == FAMILIES.index(name)
        break_at[rows] = _between(where, cube[rows, 2])
        sharpness[rows] = np.exp(_between((np.log(sharp[0]), np.log(sharp[1])), cube[rows, 3]))
    stretched = family == FAMILIES.index("stretched")
    stretch = np.where(stretched, _between(STRETCH, cube[:, 2]), 0)
    folds = TYPICAL_FOLDS * np.exp(FOLDS_SPREAD * ndtri(cube[:, 1]))
    exponent = np.where(stretched, folds * stretch, exponent)
    excess = TYPICAL_EXCESS * np.exp(EXCESS_SPREAD * ndtri(cube[:, 0]) - folds)
    floor = np.where(stretched & (cube[:, 3] < SATURATING), 1 / (1 + excess), floor)
    return Shapes(floor=floor, exponent=exponent, break_at=break_at, sharpness=sharpness, stretch=stretch)


def possible(family: npt.NDArray[np.intp], cube: Floats) -> npt.NDArray[np.bool_]:
    """Which places of the cubes are shapes: none that falls faster and faster without a break, [shapes]."""
    made = shapes(family, cube, 0.0)
    return np.asarray(made.stretch <= np.maximum(made.exponent, 0) * made.floor)


def _between(limits: tuple[float, float], share: Floats) -> Floats:
    return limits[0] + (limits[1] - limits[0]) * share
