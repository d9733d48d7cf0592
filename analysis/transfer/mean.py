"""A mean of independent values, with its interval."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from analysis.noise import Floats, Interval


def mean_interval(values: Floats, level: float = 0.95) -> Interval | None:
    """Student's t interval of the mean of independent values; None for fewer than two."""
    if len(values) < 2:
        return None
    error = values.std(ddof=1) / np.sqrt(len(values))
    half = stdtrit(len(values) - 1, (1 + level) / 2) * error
    return float(values.mean() - half), float(values.mean() + half)
