"""Diagnostics: whether a fit can be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.law.form import Form
from analysis.law.minimise import Data, Minima, bounds
from analysis.noise import Floats

SAME = 1e-6
"""Starts agree whose objectives differ by no more than this, relatively."""
NOTHING = 1e-4
"""A term of a smaller share of the error than this, in every row, is degenerate."""


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    num_rows: int
    num_starts: int
    num_agreeing: int
    """Starts that ended at the smallest objective."""
    gradient_norm: float
    """Over the objective, without parameters held at a bound: 0 at a minimum."""
    condition: float
    """Ratio of the largest to the smallest singular value of the Jacobian over the scale, its columns of
    length one, without degenerate terms and parameters at a bound: from about 1e4 on, the rows hardly tell
    some parameters apart."""
    at_bound: tuple[str, ...]
    """Exponents at an end of their range."""
    degenerate: tuple[str, ...]
    """Coefficients of terms that are nothing in every row: of a floor, that the rows show none."""


def diagnose(form: Form, data: Data, minima: Minima) -> Diagnostics:
    """Diagnostics of the best of several minima of one data set."""
    best = int(np.argmin(minima.objective))
    objective, theta = minima.objective[best], minima.theta[best]
    shares = form.evaluate(theta[None], data.x)[1]
    low, high = bounds(form, float(data.y.mean()))
    nothing = shares[0].max(axis=1) < NOTHING
    at_bound = ((theta <= low) | (theta >= high)) & (np.arange(len(theta)) >= len(form.terms))
    free = ~at_bound
    free[: len(form.terms)] &= ~nothing
    return Diagnostics(
        num_rows=len(data.x),
        num_starts=len(minima.theta),
        num_agreeing=int((minima.objective <= objective * (1 + SAME) + 1e-300).sum()),
        gradient_norm=float(minima.gradient[best] / max(objective, 1e-300)),
        condition=_condition(form.jacobian(shares, data.x)[0][free] / data.scale[0]),
        at_bound=tuple(np.array(form.parameters)[at_bound].tolist()),
        degenerate=tuple(np.array(form.coefficients)[nothing].tolist()),
    )


def _condition(slopes: Floats) -> float:
    length = np.linalg.norm(slopes, axis=1, keepdims=True)
    return float(np.linalg.cond(slopes / np.maximum(length, 1e-300)))
