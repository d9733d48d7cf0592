"""A mean of independent values, with its interval."""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

from analysis.noise import Floats, Interval


def mean_interval(values: Floats, level: float = 0.95) -> Interval | None:
    """Student's interval of the mean of independent values; None for fewer than two."""
    if len(values) < 2:
        return None
    error = values.std(ddof=1) / np.sqrt(len(values))
    half = student.ppf((1 + level) / 2, len(values) - 1) * error
    return float(values.mean() - half), float(values.mean() + half)
