"""A law: a fitted form, with the uncertainty of its parameters and of the form itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.diagnostics import Diagnostics
from analysis.law.discrepancy import Discrepancy, Misfit, misfit
from analysis.law.fit import Fit, fit
from analysis.law.form import Form
from analysis.law.minimise import Data, minimise
from analysis.noise import BOOTSTRAP_SEED, Floats, Noise, clipped
from analysis.table import AXES

REPLICATES = 400
EFFICIENT = 1.345
"""Huber's delta, in standard deviations, of 95 % efficiency where residuals are normal (Huber 1964)."""
OUTLYING = 5.0
"""Standard deviations of a residual from which on a row counts as diverged, and is left out."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """Error in percent. All intervals are of 95 %, of the mean over seeds, for laws of this form and smooth
    functions near it."""

    form: Form
    fit: Fit
    misfit: Misfit
    """The form's lack of fit, beyond the noise of seeds."""
    theta_draws: Floats
    """[replicates, p], bootstrap of fit.theta."""
    discrepancy: Discrepancy
    """One a replicate."""
    outliers: tuple[int, ...]
    """Places of the rows that were left out as diverged."""

    @property
    def diagnostics(self) -> Diagnostics:
        return self.fit.diagnostics

    @property
    def parameters(self) -> pd.DataFrame:
        """name, estimate, low, high: coefficients in percent at the centre of the knobs, and exponents."""
        low, high = np.quantile(self.theta_draws, [0.025, 0.975], axis=0)
        values = np.array([self.fit.theta, low, high])
        num_terms = len(self.form.terms)
        values[:, :num_terms] = np.exp(values[:, :num_terms])
        return pd.DataFrame(
            {"name": self.form.parameters, "estimate": values[0], "low": values[1], "high": values[2]}
        )

    def error(self, rows: pd.DataFrame) -> Floats:
        """[n], in percent, by the formula. Raises `Refused` for a missing knob."""
        return _percent(self.fit.log_error(rows))

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[replicates, n], in percent: parameters and lack of fit vary, the noise of a seed does not."""
        log_error = self.form.evaluate(self.theta_draws, self.fit.x(rows))[0]
        return _percent(log_error + self.discrepancy.draws(rows))

    def interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lowest and highest error, in percent, [n] each, of 95 %."""
        low, high = np.quantile(self.draws(rows), [0.025, 0.975], axis=0)
        return low, high

    def formula_text(self) -> str:
        """`error = 12.1 + 5.32 (depth/101)^-0.81 + …`, in percent."""
        theta = self.fit.theta
        values = dict(zip(self.form.parameters, theta, strict=True))
        texts = []
        for term in self.form.terms:
            powers = [
                f"({power.knob}/{self.fit.centre[power.knob]:.4g})^{power.sign * values[power.exponent]:.3g}"
                for power in term.powers
            ]
            texts.append(" ".join([f"{np.exp(values[term.coefficient]):.3g}", *powers]))
        return "error = " + " + ".join(texts)


def fit_law(form: Form, groups: pd.DataFrame, noise: Noise, *, replicates: int = REPLICATES) -> Law:
    """Fit a form to group means (the columns of `noise.group_seeds`), and learn how uncertain it is.

    Residuals are divided by what noise and lack of fit together make of them. The bootstrap is parametric:
    each replicate draws the noise of every group and a random discrepancy, and fits again. Raises `Refused`
    where the rows cannot decide the parameters.
    """
    rows = groups.assign(error=clipped(groups["error"].to_numpy(dtype=float)))
    noise_sd = _noise_sd(rows, noise)
    first = fit(form, rows, delta=0.003)
    spread = _spread(first.residual, len(form.parameters))
    scale = np.maximum(np.sqrt(noise_sd**2 + max(0.0, spread**2 - float(np.median(noise_sd**2)))), 1e-6)
    inlying = np.abs(first.residual) <= OUTLYING * np.maximum(scale, spread)
    fitted = fit(form, rows, delta=EFFICIENT, scale=scale, weight=inlying.astype(float))
    x = fitted.x(rows)
    log_error, shares = form.evaluate(fitted.theta[None], x)
    slopes = form.jacobian(shares, x)[0]
    free = slopes.std(axis=1) + np.abs(slopes).max(axis=1) > 1e-6
    found = misfit(
        rows[inlying],
        _axes(form, rows),
        fitted.residual[inlying],
        slopes[free][:, inlying],
        (noise_sd if noise.known else np.full(len(rows), spread))[inlying],
        noise,
    )
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    discrepancy, level = found.draw(replicates, generator)
    sd = noise_sd if noise.known else np.full(len(rows), spread)
    drawn = discrepancy.draws(rows) + level[:, None] * sd * generator.standard_normal((replicates, len(rows)))
    data = Data(
        x=x,
        y=log_error - drawn,
        scale=scale[None],
        weight=inlying[None].astype(float),
        delta=EFFICIENT,
    )
    again = minimise(
        form, data, np.repeat(fitted.theta[None], replicates, axis=0), tolerance=1e-5, num_steps=40
    )
    return Law(
        form=form,
        fit=fitted,
        misfit=found,
        theta_draws=again.theta,
        discrepancy=discrepancy,
        outliers=tuple(np.flatnonzero(~inlying).tolist()),
    )


def _noise_sd(rows: pd.DataFrame, noise: Noise) -> Floats:
    """[n], of log error of the group means; 0 where the noise is unknown."""
    error = rows["error"].to_numpy(dtype=float)
    seeds = rows["num_seeds"].to_numpy(dtype=float)
    return np.asarray(noise.sd(error) / error / np.sqrt(seeds))


def _spread(residual: Floats, num_parameters: int) -> float:
    """Standard deviation, from the median of the sizes, with the degrees of freedom that the fit took."""
    share = len(residual) / max(len(residual) - num_parameters, 1)
    return float(1.4826 * np.median(np.abs(residual)) * np.sqrt(share))


def _axes(form: Form, rows: pd.DataFrame) -> tuple[str, ...]:
    """What a discrepancy is a function of: the axes that vary, or the form's knobs where none does."""
    varied = tuple(axis for axis in AXES if axis in rows and rows[axis].nunique() > 1)
    return varied or form.knobs


def _percent(log_error: Floats) -> Floats:
    return np.minimum(np.exp(log_error), 100.0)
