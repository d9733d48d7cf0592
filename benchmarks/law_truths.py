"""Truths of simulated grids: error in percent as a function of depth, width, resolution and epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from analysis.noise import Floats
from analysis.table import AXES

VALUES = ((26, 50, 101, 200), (0.5, 1.0, 1.5), (128, 160, 224), (10, 30, 100))
BEYOND = {"depth": 350.0, "width": 2.0, "resolution": 320.0, "epochs": 350.0}
"""The next value of each knob beyond the grid."""
Truth = Callable[[pd.DataFrame], Floats]


def scaled(rows: pd.DataFrame) -> Floats:
    """[n, 4], the axes relative to their smallest values."""
    return rows[list(AXES)].to_numpy(dtype=float) / [values[0] for values in VALUES]


def flops(rows: pd.DataFrame) -> Floats:
    """[n], FLOPs of one image; only their ratios matter."""
    x = scaled(rows)
    return np.asarray(1e9 * x[:, 0] * x[:, 1] ** 2 * x[:, 2] ** 2)


def sum_of_powers(generator: np.random.Generator) -> tuple[Truth, Mapping[str, float]]:
    """A floor of 4 to 12 points, plus a power law of each knob that starts at 3 to 10 points."""
    floor, parts = generator.uniform(4, 12), generator.uniform(3, 10, 4)
    exponents = generator.uniform(0.3, 1.2, 4)

    def truth(rows: pd.DataFrame) -> Floats:
        return floor + (parts * scaled(rows) ** -exponents).sum(axis=1)

    return truth, {f"a_{knob}": value for knob, value in zip(AXES, exponents, strict=True)}


def with_overfitting(generator: np.random.Generator) -> tuple[Truth, Mapping[str, float]]:
    """A sum of powers, plus a term that grows with depth and width and shrinks with epochs."""
    base, _ = sum_of_powers(generator)
    part, growth, epochs = (
        generator.uniform(0.3, 1.5),
        generator.uniform(0.3, 0.6, 2),
        generator.uniform(0.3, 0.8),
    )

    def truth(rows: pd.DataFrame) -> Floats:
        x = scaled(rows)
        return base(rows) + part * x[:, 0] ** growth[0] * x[:, 1] ** growth[1] * x[:, 3] ** -epochs

    return truth, {}


def with_regimes(generator: np.random.Generator) -> tuple[Truth, Mapping[str, float]]:
    """A product of powers above a floor, whose exponents of depth and width change with the epochs."""
    floor, part = generator.uniform(4, 10), generator.uniform(20, 35)
    exponents = generator.uniform(0.1, 0.4, 4)
    shift = generator.uniform(0.02, 0.06) * np.array([1, -1])

    def truth(rows: pd.DataFrame) -> Floats:
        logs = np.log(scaled(rows))
        return floor + part * np.exp(-logs @ exponents - (logs[:, :2] @ shift) * logs[:, 3])

    return truth, {}


def fading(generator: np.random.Generator) -> tuple[Truth, Mapping[str, float]]:
    """Log odds that are quadratic in the logarithms of the knobs: at the value beyond the grid, a knob has
    lost 30 to 100 % of its slope."""
    start, slopes = generator.uniform(-0.6, 0.0), generator.uniform(0.2, 0.5, 4)
    reach = np.log([BEYOND[knob] / values[0] for knob, values in zip(AXES, VALUES, strict=True)])
    return _bent(start, slopes, generator.uniform(0.3, 1.0, 4) * slopes / (2 * reach))


def turning(generator: np.random.Generator) -> tuple[Truth, Mapping[str, float]]:
    """As `fading`, but the gains of some knobs turn into losses, for some only beyond the grid."""
    start, slopes = generator.uniform(-0.6, 0.0), generator.uniform(0.15, 0.4, 4)
    return _bent(start, slopes, generator.uniform(0.02, 0.06, 4))


def breaking(generator: np.random.Generator) -> tuple[Truth, Mapping[str, float]]:
    """Log odds that are linear in the logarithms of the knobs up to a smooth break, somewhere in the upper
    four fifths of each knob's measured range, beyond which the slope is smaller by 0 to 100 %."""
    start, slopes = generator.uniform(-0.6, 0.0), generator.uniform(0.2, 0.5, 4)
    reach = np.log([values[-1] / values[0] for values in VALUES])
    at, lost, width = generator.uniform(0.2, 1.0, 4) * reach, generator.uniform(0, 1, 4), 0.15 * reach

    def truth(rows: pd.DataFrame) -> Floats:
        logs = np.log(scaled(rows))
        behind = width * (np.logaddexp(0, (logs - at) / width) - np.logaddexp(0, -at / width))
        odds = np.exp(start - (logs - lost * behind) @ slopes)
        return 100 * odds / (1 + odds)

    return truth, {}


def _bent(start: float, slopes: Floats, bend: Floats) -> tuple[Truth, Mapping[str, float]]:

    def truth(rows: pd.DataFrame) -> Floats:
        logs = np.log(scaled(rows))
        odds = np.exp(start - logs @ slopes + (logs**2 @ bend))
        return 100 * odds / (1 + odds)

    return truth, {}
