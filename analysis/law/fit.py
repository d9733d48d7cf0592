"""A fit: the parameters of a form that minimise the sum of Huber losses of log error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.law.diagnostics import Diagnostics, diagnose
from analysis.law.form import Form
from analysis.law.minimise import Data, minimise
from analysis.law.prior import Prior, flat
from analysis.law.start import starts
from analysis.noise import Floats
from scaling.errors import Refused

SHRINKING = (100.0, 10.0, 1.0)
"""Factors of delta, used in turn: a small delta is close to least absolute residuals, which converges slowly
from a distant start."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How thoroughly a minimum is sought."""

    num_starts: int = 16
    tolerance: float = 1e-12
    """Share of the objective that a step must gain for the iteration to go on."""
    num_steps: int = 300
    """Most steps for each factor of SHRINKING."""


THOROUGH = Effort()


@dataclass(frozen=True, kw_only=True)
class Fit:
    form: Form
    centre: dict[str, float]
    """Geometric mean of each knob over the rows: there the coefficients are the parts of the error."""
    theta: Floats
    """[p], log coefficients and exponents, in the order of form.parameters."""
    objective: float
    """Sum over rows of weight * Huber(residual / scale), where residual = log predicted - log measured error.
    The loss of the prior is not included."""
    delta: float
    residual: Floats
    """[n], residuals of log error, in the order of the rows."""
    scale: Floats
    """[n], scale by which the residuals were divided."""
    knob_values: pd.DataFrame
    """Values of the knobs in the rows."""
    diagnostics: Diagnostics

    @cached_property
    def by_knob(self) -> pd.DataFrame:
        """Residuals by value of each knob: knob, value, num_rows, mean (of log predicted minus log measured
        error) and se, its standard error."""
        tables = []
        for knob, values in self.knob_values.items():
            grouped = pd.Series(self.residual).groupby(values.to_numpy(dtype=float))
            table = grouped.agg(num_rows="size", mean="mean", se="sem").rename_axis("value").reset_index()
            tables.append(table.assign(knob=str(knob)))
        return pd.concat(tables, ignore_index=True)[["knob", "value", "num_rows", "mean", "se"]]

    def log_error(self, rows: pd.DataFrame) -> Floats:
        """[n], natural logarithm of the error, in the unit of the fitted rows."""
        return np.asarray(self.form.evaluate(self.theta[None], self.x(rows))[0][0])

    def x(self, rows: pd.DataFrame) -> Floats:
        """[n, knobs], logarithms of the knobs relative to their centre. Raises `Refused` for a missing
        knob."""
        return logs(self.form.knobs, rows) - np.log([self.centre[knob] for knob in self.form.knobs])


def fit(
    form: Form,
    rows: pd.DataFrame,
    *,
    error: str = "error",
    delta: float = 1e-4,
    scale: Floats | None = None,
    weight: Floats | None = None,
    prior: Prior | None = None,
    effort: Effort = THOROUGH,
) -> Fit:
    """Fit a form to rows with a column for each of its knobs and one of positive errors.

    `delta` is that of the Huber loss, in units of `scale` [n] (default 1, so in log error; 1e-4 is what
    published fits of language models use). `weight` [n] is how often a row counts. With a prior, the scale
    must be a standard deviation. Raises `Refused` where the rows cannot determine the parameters.
    """
    x, y = _checked(form, rows, error)
    middle = x.mean(axis=0)
    x = x - middle
    ones = np.ones(len(y))
    scale, weight = (ones if scale is None else scale), (ones if weight is None else weight)
    prior = prior or flat(form)
    theta = starts(form, x, y, effort.num_starts)
    for times in SHRINKING:
        data = Data(
            x=x,
            y=y[None],
            scale=scale[None],
            weight=weight[None],
            delta=times * delta,
            target=prior.mean[None],
            pull=prior.pull,
        )
        least = effort.tolerance if times == SHRINKING[-1] else max(1e-6, effort.tolerance)
        minima = minimise(form, data, theta, tolerance=least, num_steps=effort.num_steps)
        theta = minima.theta
    best = int(np.argmin(minima.objective))
    residual = form.evaluate(theta[best, None], x)[0][0] - y
    return Fit(
        form=form,
        centre=dict(zip(form.knobs, np.exp(middle).tolist(), strict=True)),
        theta=theta[best],
        objective=float(weight @ huber(residual / scale, delta)),
        delta=delta,
        residual=residual,
        scale=scale,
        knob_values=rows[list(form.knobs)],
        diagnostics=diagnose(form, data, minima),
    )


def huber(residual: Floats, delta: float) -> Floats:
    """The Huber loss: residual^2 / 2 up to delta, and linear beyond."""
    size = np.abs(residual)
    inside = np.minimum(size, delta)
    return np.asarray(inside * (size - inside / 2))


def logs(columns: Sequence[str], rows: pd.DataFrame) -> Floats:
    """[n, columns], natural logarithms. Raises `Refused` for a missing column or a value that is not above
    zero."""
    missing = [column for column in columns if column not in rows]
    if missing:
        raise Refused(f"the rows have no column {', '.join(missing)}: the law needs {', '.join(columns)}.")
    values = rows[list(columns)].to_numpy(dtype=float)
    good = np.isfinite(values) & (values > 0)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise Refused(
            f"row {row + 1} has {columns[column]} = {values[row, column]:g}: "
            "it must be finite and above zero for a law."
        )
    return np.asarray(np.log(values))


def _checked(form: Form, rows: pd.DataFrame, error: str) -> tuple[Floats, Floats]:
    x, y = logs(form.knobs, rows), logs([error], rows)[:, 0]
    needed = len(form.parameters) + 1
    if len(rows) < needed:
        raise Refused(
            f"{len(rows)} rows cannot determine the law `{form.formula}`: it needs {needed} or more."
        )
    constant = [knob for knob, column in zip(form.knobs, x.T, strict=True) if np.ptp(column) < 1e-9]
    if constant:
        raise Refused(f"{', '.join(constant)} has one value in all rows: a law in it needs two or more.")
    if np.ptp(y) < 1e-9:
        raise Refused(f"{error} is {np.exp(y[0]):g} in all rows: there is nothing for a law to explain.")
    return x, y
