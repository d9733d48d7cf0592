"""A law: a fitted form, with the uncertainty of its parameters and of the form itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.bootstrap import parametric_bootstrap
from analysis.law.diagnostics import Diagnostics
from analysis.law.discrepancy import Discrepancy, Space, Trend, draw, trend
from analysis.law.fit import Fit, fit, logs
from analysis.law.form import Form
from analysis.law.misfit import OUTLYING, Bools, Misfit, misfit, outlying
from analysis.law.prior import Prior, usual
from analysis.noise import Floats, Noise, Rows, clipped, mean_variance
from analysis.replicates import BOOTSTRAP_SEED
from analysis.table import AXES

REPLICATES = 400
NUM_STARTS = 8
TOLERANCE = 1e-9
"""Of a fit's objective, relatively: the noise is larger by far."""
MAX_MEASURED = 500
"""Rows that tell of a discrepancy; their number enters the time with its cube."""
FIRST_DELTA = 0.003
"""Huber's delta of the fit that finds the outliers, of log error: near least absolute residuals."""
EFFICIENT = 1.345
"""Huber's delta, in standard deviations, of 95 % efficiency where residuals are normal (Huber 1964)."""
UNDECIDED = 0.5
"""A parameter is undecided whose replicates have this share of the prior's standard deviation, or more."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """Error in percent, the mean over seeds. All intervals are of 95 %."""

    form: Form
    fit: Fit
    misfit: Misfit
    """The form's lack of fit, beyond the noise of seeds."""
    theta_draws: Floats
    """[replicates, p], bootstrap of fit.theta."""
    trend: Trend
    """What the residuals say of the law's lack of fit, nearby and beyond."""
    discrepancy: Discrepancy
    """One a replicate, around the trend."""
    outliers: tuple[int, ...]
    """Places of the rows that were left out as diverged."""
    undecided: tuple[str, ...]
    """Parameters of which the rows say little: what is told of them is the prior."""

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
        """[n], in percent, the best guess: the formula and the trend of its residuals. Raises `Refused` for a
        missing knob."""
        return _percent(self.fit.log_error(rows) + self.trend(rows))

    def formula_error(self, rows: pd.DataFrame) -> Floats:
        """[n], in percent, by the formula alone."""
        return _percent(self.fit.log_error(rows))

    def formula_interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lowest and highest error by the formula alone, in percent, [n] each: its parameters vary."""
        draws = _percent(self.form.evaluate(self.theta_draws, self.fit.x(rows))[0])
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        return low, high

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[replicates, n], in percent: parameters and lack of fit vary, the noise of a seed does not.

        A replicate is one function, the same in every call, so that differences between networks may be
        taken replicate by replicate.
        """
        log_error = self.form.evaluate(self.theta_draws, self.fit.x(rows))[0]
        return _percent(log_error + self.discrepancy.draws(rows))

    def interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lowest and highest error, in percent, [n] each."""
        low, high = np.quantile(self.draws(rows), [0.025, 0.975], axis=0)
        return low, high

    def formula_text(self) -> str:
        """`error = 12.1 + 5.32 (depth/101)^-0.81 + …`, in percent."""
        values = dict(zip(self.form.parameters, self.fit.theta, strict=True))
        texts = []
        for term in self.form.terms:
            powers = [
                f"({power.knob}/{self.fit.centre[power.knob]:.4g})^{power.sign * values[power.exponent]:.3g}"
                for power in term.powers
            ]
            texts.append(" ".join([f"{np.exp(values[term.coefficient]):.3g}", *powers]))
        left = "error / (1 - error / 100)" if self.form.odds else "error"
        return f"{left} = {' + '.join(texts)}"


def fit_law(form: Form, groups: pd.DataFrame, noise: Noise, *, replicates: int = REPLICATES) -> Law:
    """Fit a form to group means (the columns of `noise.group_seeds`), and learn how uncertain it is.

    Without a known noise, all of the spread of the residuals counts as noise. Raises `Refused` where the rows
    cannot decide the parameters.
    """
    rows = groups.assign(error=clipped(groups["error"].to_numpy(dtype=float)))
    prior = usual(form, np.log(rows["error"].to_numpy()))
    space = _space(form, rows)
    fitted, noise_sd, inlying = _robust(form, rows, noise, space, prior)
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    told = _at_most(np.flatnonzero(inlying), MAX_MEASURED, generator)
    measured, told_sd = space.places(rows)[told], noise_sd[told]
    found = misfit(measured, fitted.residual[told], _slopes(fitted, rows)[:, told], told_sd, noise)
    choices = found.draw(replicates, generator)
    before = draw(space, choices, measured, generator)
    away = before.draws(rows) + choices[:, 2:] * noise_sd * generator.standard_normal((replicates, len(rows)))
    theta_draws = parametric_bootstrap(fitted, rows, away, inlying, prior, generator)
    log_error = form.evaluate(theta_draws, fitted.x(rows))[0]
    left = np.log(rows["error"].to_numpy()) - log_error - away
    return Law(
        form=form,
        fit=fitted,
        misfit=found,
        theta_draws=theta_draws,
        trend=trend(space, measured, found.choices, found.probability, -fitted.residual[told], told_sd),
        discrepancy=before.given(left[:, told], told_sd),
        outliers=tuple(np.flatnonzero(~inlying).tolist()),
        undecided=tuple(np.array(form.parameters)[theta_draws.std(axis=0) > UNDECIDED * prior.sd].tolist()),
    )


def _robust(
    form: Form, rows: pd.DataFrame, noise: Noise, space: Space, prior: Prior
) -> tuple[Fit, Floats, Bools]:
    """The fit without diverged rows; the noise's standard deviation of log error [n]; which rows counted [n].

    Residuals are divided by what noise and lack of fit together make of them.
    """
    first = fit(form, rows, delta=FIRST_DELTA, num_starts=NUM_STARTS, tolerance=TOLERANCE)
    spread = _spread(first.residual, len(form.parameters))
    noise_sd = np.hypot(_noise_sd(rows, noise), 0.0 if noise.known else spread)
    scale = np.sqrt(noise_sd**2 + max(0.0, spread**2 - float(np.median(noise_sd**2))))
    suspected = np.abs(first.residual) > OUTLYING * scale
    slopes = _slopes(first, rows)
    inlying = ~outlying(space.places(rows), first.residual, slopes, noise_sd, noise, suspected)
    fitted = fit(
        form,
        rows,
        delta=EFFICIENT,
        scale=scale,
        weight=inlying.astype(float),
        prior=prior,
        num_starts=NUM_STARTS,
        tolerance=TOLERANCE,
    )
    return fitted, noise_sd, inlying


def _at_most(places: Rows, count: int, generator: np.random.Generator) -> Rows:
    """So many of them, at random where there are more."""
    return np.sort(generator.choice(places, count, replace=False)) if len(places) > count else places


def _noise_sd(rows: pd.DataFrame, noise: Noise) -> Floats:
    """[n], of log error of the group means, what the reading adds included."""
    sd = np.sqrt(mean_variance(rows, noise)) / rows["error"].to_numpy(dtype=float)
    return np.asarray(np.maximum(sd, 1e-6))


def _spread(residual: Floats, num_parameters: int) -> float:
    """Standard deviation, from the median of the sizes, with the degrees of freedom that the fit took."""
    share = len(residual) / max(len(residual) - num_parameters, 1)
    return max(1e-6, float(1.4826 * np.median(np.abs(residual)) * np.sqrt(share)))


def _slopes(fitted: Fit, rows: pd.DataFrame) -> Floats:
    """[p, n], derivatives of log error in theta."""
    x = fitted.x(rows)
    return np.asarray(fitted.form.jacobian(fitted.form.evaluate(fitted.theta[None], x)[1], x)[0])


def _space(form: Form, rows: pd.DataFrame) -> Space:
    """What a discrepancy is a function of: the axes that vary, or the form's knobs where none does."""
    knobs = tuple(axis for axis in AXES if axis in rows and rows[axis].nunique() > 1) or form.knobs
    values = logs(knobs, rows)
    return Space(knobs=knobs, middle=values.mean(axis=0), span=np.ptp(values, axis=0))


def _percent(log_error: Floats) -> Floats:
    return np.minimum(np.exp(log_error), 100.0)
