"""Truths with planted rules for `decision_sources`; none has a form that the analysis fits.

All knobs act through FLOPs, along a curve that is not a power law, and through epochs, of which larger
networks need more. The rules come on top: a number of points for each doubling of FLOPs spent on one knob.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from analysis.noise import Floats
from analysis.table import AXES

VALUES = ((26, 50, 101, 200), (0.5, 1.0, 1.5, 2.0), (128, 160, 224), (10, 30, 100))
"""Values of each axis, in the order of AXES."""
NOISE = 0.2
"""Standard deviation of a run, in points."""
FAINT, WEAK, STRONG = (0.05, 0.12), (0.1, 0.3), (0.2, 0.6)
"""Points per doubling, drawn uniformly. A faint effect shows in the mean of many pairs, hardly in one."""
Generator = np.random.Generator
Truth = Callable[[pd.DataFrame], Floats]
"""Percent error of rows with the columns AXES."""


@dataclass(frozen=True)
class Kind:
    truth: Callable[[Generator], Truth]
    """Draws a truth."""
    shrinks: float = 0.0
    """Noise is proportional to epochs to the power of minus this, and NOISE at the longest training."""


def doublings(rows: pd.DataFrame) -> Floats:
    """[n, 4]: log2 of the factor by which each axis multiplies the (train) FLOPs of the smallest cell."""
    scaled = rows[list(AXES)].to_numpy(dtype=float) / [values[0] for values in VALUES]
    return np.asarray(np.log2(scaled) * [1.0, 2.0, 2.0, 1.0])


def flops_alone(generator: Generator) -> Truth:
    """Depth, width and resolution are worth the same at equal FLOPs."""
    floor, part, half, steep = generator.uniform((8, 25, 3.0, 0.2), (14, 40, 6.0, 0.35))
    short, need = generator.uniform((6, 0.02), (12, 0.06))

    def truth(rows: pd.DataFrame) -> Floats:
        spent = doublings(rows)
        size, longer = spent[:, :3].sum(axis=1), spent[:, 3]
        of_size = part / (1 + np.exp(steep * (size - half)))
        return np.asarray(floor + of_size + short * (1 + need * size) * np.exp(-longer * 0.7))

    return truth


def _gaining(points: Callable[[Generator], Callable[[pd.DataFrame], Floats]], generator: Generator) -> Truth:
    """`flops_alone` less the points that are drawn."""
    base, gained = flops_alone(generator), points(generator)
    return lambda rows: base(rows) - gained(rows)


def _everywhere(knob: str, sign: int, generator: Generator) -> Callable[[pd.DataFrame], Floats]:
    """A constant gain per doubling of `knob`, a little more at longer training."""
    strength, lean = sign * generator.uniform(*STRONG), generator.uniform(0.0, 0.05)
    place = AXES.index(knob)

    def gained(rows: pd.DataFrame) -> Floats:
        spent = doublings(rows)
        return np.asarray(strength * spent[:, place] * (1 + lean * spent[:, 3]))

    return gained


def _turning(generator: Generator) -> Callable[[pd.DataFrame], Floats]:
    """Depth, which turns from a loss to a gain with epochs, most steeply in the middle of their range."""
    strength, turn = generator.uniform(*STRONG), np.log(generator.uniform(20.0, 45.0))

    def gained(rows: pd.DataFrame) -> Floats:
        side = np.tanh(1.2 * (np.log(rows["epochs"].to_numpy(dtype=float)) - turn))
        return np.asarray(strength * side * doublings(rows)[:, 0])

    return gained


def _capped(generator: Generator) -> Callable[[pd.DataFrame], Floats]:
    """Resolution, which gains up to 160 pixels and loses beyond."""
    gain, loss = generator.uniform(*WEAK), generator.uniform(*STRONG)
    cap = 2 * np.log2(VALUES[2][1] / VALUES[2][0])

    def gained(rows: pd.DataFrame) -> Floats:
        spent = doublings(rows)[:, 2]
        return np.asarray(gain * np.minimum(spent, cap) - loss * np.maximum(spent - cap, 0.0))

    return gained


def _trap(generator: Generator) -> Callable[[pd.DataFrame], Floats]:
    """Depth, which loses a little at the lowest resolution and gains at the others."""
    loss, gain = generator.uniform(*FAINT), generator.uniform(*STRONG)

    def gained(rows: pd.DataFrame) -> Floats:
        lowest = rows["resolution"].to_numpy(dtype=float) == VALUES[2][0]
        return np.asarray(np.where(lowest, -loss, gain) * doublings(rows)[:, 0])

    return gained


def spread_of(kind: Kind, rows: pd.DataFrame) -> Floats:
    """Standard deviation of a run of each row, in points, [n]."""
    return np.asarray(NOISE * (VALUES[3][-1] / rows["epochs"].to_numpy(dtype=float)) ** kind.shrinks)


TRUTHS = {
    "depth pays": Kind(partial(_gaining, partial(_everywhere, "depth", 1))),
    "width pays": Kind(partial(_gaining, partial(_everywhere, "depth", -1))),
    "a turn with epochs": Kind(partial(_gaining, _turning)),
    "resolution slow, with a cap": Kind(partial(_gaining, _capped)),
    "resolution fast": Kind(partial(_gaining, partial(_everywhere, "resolution", 1))),
    "low resolution deceives": Kind(partial(_gaining, _trap)),
    "a turn, short runs noisy": Kind(partial(_gaining, _turning), shrinks=0.5),
    "flat": Kind(flops_alone),
}
"""Kinds of truths by name."""
