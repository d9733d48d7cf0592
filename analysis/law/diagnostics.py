"""Diagnostics: whether a fit can be trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.law.form import Form
from analysis.law.minimise import Data, Minima, bounds
from analysis.noise import Floats

SAME = 1e-6
"""Relative difference of their objectives up to which two starts count as agreeing."""
NOTHING = 1e-4
"""A term is degenerate if its share of the error stays below this in every row."""


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    num_rows: int
    num_starts: int
    num_agreeing: int
    """Number of starts that ended at the smallest objective."""
    gradient_norm: float
    """Norm of the gradient over the objective, without parameters held at a bound: 0 at a minimum."""
    condition: float
    """Ratio of the largest to the smallest singular value of the Jacobian over the scale, with columns
    normalised and without degenerate terms and parameters at a bound. From about 1e4 on, the rows hardly
    distinguish some parameters."""
    at_bound: tuple[str, ...]
    """Exponents at an end of their range."""
    degenerate: tuple[str, ...]
    """Coefficients of terms that are negligible in every row; for a floor, this means that the rows show
    none."""


def diagnose(form: Form, data: Data, minima: Minima) -> Diagnostics:
    """Diagnose the best of several minima for one data set."""
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
