"""A form fitted to the models of a study: outliers set aside, lack of fit estimated, replicates drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.bootstrap import parametric_bootstrap
from analysis.law.discrepancy import Space, draw, trend
from analysis.law.fit import Effort, Fit, fit, logs
from analysis.law.form import Form
from analysis.law.law import Law
from analysis.law.misfit import OUTLYING, Bools, log_evidence, misfit, outlying
from analysis.law.prior import Prior, usual
from analysis.noise import Floats, Noise, Rows, clipped, mean_variance
from analysis.replicates import BOOTSTRAP_SEED
from analysis.table import AXES

REPLICATES = 400
EFFORT = Effort(num_starts=8, tolerance=1e-9)
"""That of a fit: what a smaller tolerance would still gain is far less than the noise."""
MAX_MEASURED = 500
"""Rows used at most to estimate a discrepancy; the time grows with the cube of their number."""
FIRST_DELTA = 0.003
"""Huber's delta, in log error, of the fit that finds the outliers: close to least absolute residuals."""
EFFICIENT = 1.345
"""Huber's delta, in standard deviations, with an efficiency of 95 % for normal residuals (Huber 1964)."""
UNDECIDED = 0.5
"""A parameter is undecided if the standard deviation of its replicates exceeds this share of its prior's."""


def fit_law(form: Form, groups: pd.DataFrame, noise: Noise, *, replicates: int = REPLICATES) -> Law:
    """Fit a form to group means (columns of `noise.group_seeds`), and estimate its uncertainty.

    Where the noise is unknown, the whole spread of the residuals counts as noise. Raises `Refused` where the
    rows cannot determine the parameters.
    """
    return fit_form(form, groups, noise).law(replicates)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fit, and what is needed to estimate its uncertainty."""

    fit: Fit
    rows: pd.DataFrame
    noise: Noise
    noise_sd: Floats
    """[n], standard deviation of the noise in the log errors of the group means."""
    prior: Prior
    space: Space
    inlying: Bools
    """[n], which rows are not outliers."""

    @property
    def form(self) -> Form:
        return self.fit.form

    def law(self, replicates: int) -> Law:
        """The law with this number of replicates of its parameters and its lack of fit."""
        generator = np.random.default_rng(BOOTSTRAP_SEED)
        rows, residual = self.rows, self.fit.residual
        told = _at_most(np.flatnonzero(self.inlying), MAX_MEASURED, generator)
        measured, told_sd = self.space.places(rows)[told], self.noise_sd[told]
        found = misfit(measured, residual[told], _slopes(self.fit, rows)[:, told], told_sd, self.noise)
        choices = found.draw(replicates, generator)
        before = draw(self.space, choices, measured, generator)
        shaken = choices[:, 2:] * self.noise_sd * generator.standard_normal((replicates, len(rows)))
        away = before.draws(rows) + shaken
        theta_draws = parametric_bootstrap(self.fit, rows, away, self.inlying, self.prior, generator)
        log_error = self.form.evaluate(theta_draws, self.fit.x(rows))[0]
        left = np.log(rows["error"].to_numpy()) - log_error - away
        undecided = theta_draws.std(axis=0) > UNDECIDED * self.prior.sd
        return Law(
            form=self.form,
            fit=self.fit,
            misfit=found,
            theta_draws=theta_draws,
            trend=trend(self.space, measured, found.choices, found.probability, -residual[told], told_sd),
            discrepancy=before.given(left[:, told], told_sd),
            outliers=tuple(np.flatnonzero(~self.inlying).tolist()),
            undecided=tuple(np.array(self.form.parameters)[undecided].tolist()),
        )

    def log_evidence(self, counted: Rows) -> float:
        """Log probability density of the log errors of these rows under the form, its lack of fit and the
        prior, with theta linearised around the fit as in Laplace's approximation."""
        slopes, sd = _slopes(self.fit, self.rows)[:, counted], self.noise_sd[counted]
        off = -self.fit.residual[counted] - (self.prior.mean - self.fit.theta) @ slopes
        return log_evidence(
            self.space.places(self.rows)[counted], off, slopes * self.prior.sd[:, None], sd, self.noise
        )


def fit_form(form: Form, groups: pd.DataFrame, noise: Noise) -> Fitted:
    """The fit without outlying rows. Raises `Refused` as `fit_law` does.

    Residuals are divided by the standard deviation of noise and lack of fit together.
    """
    rows = groups.assign(error=clipped(groups["error"].to_numpy(dtype=float)))
    prior, space = usual(form, np.log(rows["error"].to_numpy())), _space(form, rows)
    first = fit(form, rows, delta=FIRST_DELTA, effort=EFFORT)
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
        effort=EFFORT,
    )
    return Fitted(
        fit=fitted, rows=rows, noise=noise, noise_sd=noise_sd, prior=prior, space=space, inlying=inlying
    )


def _at_most(places: Rows, count: int, generator: np.random.Generator) -> Rows:
    """At most `count` of the places, chosen at random where there are more."""
    return np.sort(generator.choice(places, count, replace=False)) if len(places) > count else places


def _noise_sd(rows: pd.DataFrame, noise: Noise) -> Floats:
    """[n], noise of the log errors of the group means, including that of reading."""
    sd = np.sqrt(mean_variance(rows, noise)) / rows["error"].to_numpy(dtype=float)
    return np.asarray(np.maximum(sd, 1e-6))


def _spread(residual: Floats, num_parameters: int) -> float:
    """Standard deviation of the residuals from their median absolute value, corrected for the number of
    parameters."""
    share = len(residual) / max(len(residual) - num_parameters, 1)
    return max(1e-6, float(1.4826 * np.median(np.abs(residual)) * np.sqrt(share)))


def _slopes(fitted: Fit, rows: pd.DataFrame) -> Floats:
    """[p, n], derivatives of log error with respect to theta."""
    x = fitted.x(rows)
    return np.asarray(fitted.form.jacobian(fitted.form.evaluate(fitted.theta[None], x)[1], x)[0])


def _space(form: Form, rows: pd.DataFrame) -> Space:
    """The space of a discrepancy: the axes that vary, or the form's knobs where none does."""
    knobs = tuple(axis for axis in AXES if axis in rows and rows[axis].nunique() > 1) or form.knobs
    values = logs(knobs, rows)
    return Space(knobs=knobs, middle=values.mean(axis=0), span=np.ptp(values, axis=0))
