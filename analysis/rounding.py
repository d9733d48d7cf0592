"""Rounding: the numbers of rules.json, with as many digits as they deserve and None in the place of NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence

DIGITS = 4
"""Digits after the decimal point."""


def rounded(value: float | None) -> float | None:
    """The number as JSON can hold it; None for None and NaN, and 0 for -0."""
    return None if value is None or math.isnan(value) else round(float(value), DIGITS) + 0.0


def rounded_each(values: Sequence[float | None] | None) -> list[float | None] | None:
    """The numbers of a list or the bounds of an interval; None for None."""
    return None if values is None else [rounded(value) for value in values]
