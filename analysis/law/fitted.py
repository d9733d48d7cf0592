"""A form fitted to the models of a study: outliers set aside, lack of fit found, replicates drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.bootstrap import parametric_bootstrap
from analysis.law.discrepancy import Space, draw, trend
from analysis.law.fit import Fit, fit, logs
from analysis.law.form import Form
from analysis.law.law import Law
from analysis.law.misfit import OUTLYING, Bools, log_evidence, misfit, outlying
from analysis.law.prior import Prior, usual
from analysis.noise import Floats, Noise, Rows, clipped, mean_variance
from analysis.replicates import BOOTSTRAP_SEED
from analysis.table import AXES

REPLICATES = 400
NUM_STARTS = 8
TOLERANCE = 1e-9
"""Relative tolerance of a fit's objective: the noise is larger by far."""
MAX_MEASURED = 500
"""Rows that tell of a discrepancy; their number enters the time with its cube."""
FIRST_DELTA = 0.003
"""Huber's delta of the fit that finds the outliers, of log error: near least absolute residuals."""
EFFICIENT = 1.345
"""Huber's delta, in standard deviations, of 95 % efficiency where residuals are normal (Huber 1964)."""
UNDECIDED = 0.5
"""A parameter is undecided whose replicates have this share of the prior's standard deviation, or more."""


def fit_law(form: Form, groups: pd.DataFrame, noise: Noise, *, replicates: int = REPLICATES) -> Law:
    """Fit a form to group means (the columns of `noise.group_seeds`), and learn how uncertain it is.

    Without a known noise, all of the spread of the residuals counts as noise. Raises `Refused` where the rows
    cannot decide the parameters.
    """
    return fit_form(form, groups, noise).law(replicates)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A fit, and what is needed to learn how uncertain it is."""

    fit: Fit
    rows: pd.DataFrame
    noise: Noise
    noise_sd: Floats
    """[n], of log error of the group means."""
    prior: Prior
    space: Space
    inlying: Bools
    """[n], which rows did not diverge."""

    @property
    def form(self) -> Form:
        return self.fit.form

    def law(self, replicates: int) -> Law:
        """What the rows leave open, in so many replicates."""
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
        """Log probability density of the log errors of these rows, under the form with its lack of fit and
        the prior (theta linearised about the fit, as Laplace's approximation does)."""
        slopes, sd = _slopes(self.fit, self.rows)[:, counted], self.noise_sd[counted]
        off = -self.fit.residual[counted] - (self.prior.mean - self.fit.theta) @ slopes
        return log_evidence(
            self.space.places(self.rows)[counted], off, slopes * self.prior.sd[:, None], sd, self.noise
        )


def fit_form(form: Form, groups: pd.DataFrame, noise: Noise) -> Fitted:
    """The fit without diverged rows. Raises `Refused` as `fit_law` does.

    Residuals are divided by what noise and lack of fit together make of them.
    """
    rows = groups.assign(error=clipped(groups["error"].to_numpy(dtype=float)))
    prior, space = usual(form, np.log(rows["error"].to_numpy())), _space(form, rows)
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
    return Fitted(
        fit=fitted, rows=rows, noise=noise, noise_sd=noise_sd, prior=prior, space=space, inlying=inlying
    )


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
