"""Shapes: how a learning curve may continue relative to its last point, and the prior of each way.

A shape is the error relative to that at the last step, as a function of t, the logarithm of the step over the
last step. Every shape is a floor plus an excess that falls,

    y(t) / y(0) = floor + (1 - floor) exp(-exponent s(t)),

and they differ in s, where s(0) = 0:

- power: `t`, a power law with a floor (Hestness et al. 2017, arXiv:1712.00409);
- broken: `f log(1 + e^((t-d)/f))`, a power law that begins at a break d and is flat before: the broken neural
  scaling law with one break and c0 = 0 (Caballero et al. 2022, arXiv:2210.14891); for f = 1, the power law of
  x + const;
- ahead: the same, with a break that is still to come;
- stretched: `(e^(p t) - 1) / p`, the stretched exponential, and for p = 1 the exponential, of long training;
- rising: `t` with a negative exponent and no floor, for curves that turn up.

Unless a break lies ahead, no shape falls at an increasing rate on log-log axes: p <= exponent x floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from analysis.noise import Floats

FAMILIES = ("power", "broken", "ahead", "stretched", "rising")
PRIOR = np.array([0.35, 0.3, 0.05, 0.25, 0.05])
"""Prior probability of each family; within one, all `possible` places of its cube are equally likely."""
NUM_PARAMETERS = 4
TYPICAL_EXPONENT, EXPONENT_SPREAD = 0.4, 1.0
"""Parameters of the log-normal prior of exponents: 95 % of them are between 0.06 and 3."""
NO_FLOOR = 0.3
"""Share of curves without a visible floor; the other floors are uniform from 0 to 1."""
EARLIEST_BREAK, LAST_BREAK = 0.5, -0.3
"""Range of breaks on the axis of t, uniform: from EARLIEST_BREAK before the first known step to
LAST_BREAK."""
AHEAD = (0.2, 1.0)
"""Range of the end of a plateau that has not ended yet, uniform in t: 1.2 to 2.7 times the last step."""
SHARPNESS = (0.4, 2.5)
SHARP_AHEAD = (0.2, 1.0)
"""Ranges of the sharpness of a break, uniform in the logarithm."""
STRETCH = (0.25, 1.0)
TYPICAL_FOLDS, FOLDS_SPREAD = 2.0, 1.0
"""How many times the excess of a stretched exponential has fallen by a factor of e: exponent / p,
log-normal."""
SATURATING = 0.1
"""Share of stretched exponentials whose floor follows from their excess at step 0, so that after many folds
they are close to it."""
TYPICAL_EXCESS, EXCESS_SPREAD = 5.0, 1.0
"""Excess at step 0 over the floor, log-normal."""
RISING = (-0.5, -0.03)


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """Many shapes; every field is [shapes]."""

    floor: Floats
    exponent: Floats
    break_at: Floats
    """Break on the axis of t; minus infinity where there is none."""
    sharpness: Floats
    stretch: Floats
    """The p of a stretched exponential; 0 for other shapes."""

    def log_ratio(self, t: Floats) -> Floats:
        """[shapes, times], logarithm of the error over that at the last step."""
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

    `family` [shapes] are indices into FAMILIES; `first` is the first known step, on the axis of t.
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
    """[shapes], which places of the cubes are shapes: those that do not fall at an increasing rate without a
    break."""
    made = shapes(family, cube, 0.0)
    return np.asarray(made.stretch <= np.maximum(made.exponent, 0) * made.floor)


def _between(limits: tuple[float, float], share: Floats) -> Floats:
    return limits[0] + (limits[1] - limits[0]) * share
