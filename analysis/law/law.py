"""A law: a fitted form, with the uncertainty of its parameters and of the form itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.diagnostics import Diagnostics
from analysis.law.discrepancy import Discrepancy, Trend
from analysis.law.fit import Fit
from analysis.law.form import Form
from analysis.law.misfit import Misfit
from analysis.noise import Floats
from analysis.replicates import bounds


@dataclass(frozen=True, kw_only=True)
class Law:
    """Predicts the error in percent, the mean over seeds. All intervals are 95 % intervals."""

    form: Form
    fit: Fit
    misfit: Misfit
    """Lack of fit of the form beyond seed noise."""
    theta_draws: Floats
    """[replicates, p], bootstrap replicates of fit.theta."""
    trend: Trend
    """Mean of the lack of fit as estimated from the residuals, near the rows and beyond."""
    discrepancy: Discrepancy
    """Lack of fit of each replicate, around the trend."""
    outliers: tuple[int, ...]
    """Indices of the rows that were left out as diverged."""
    undecided: tuple[str, ...]
    """Parameters about which the rows say little, so that their estimates rest on the prior."""

    @property
    def diagnostics(self) -> Diagnostics:
        return self.fit.diagnostics

    @property
    def parameters(self) -> pd.DataFrame:
        """name, estimate, low, high: coefficients in percent at the centre of the knobs, then exponents."""
        low, high = bounds(self.theta_draws)
        values = np.array([self.fit.theta, low, high])
        num_terms = len(self.form.terms)
        values[:, :num_terms] = np.exp(values[:, :num_terms])
        return pd.DataFrame(
            {"name": self.form.parameters, "estimate": values[0], "low": values[1], "high": values[2]}
        )

    def error(self, rows: pd.DataFrame) -> Floats:
        """[n], best estimate of the error in percent: the formula plus the trend of its residuals. Raises
        `Refused` for a missing knob."""
        return _percent(self.fit.log_error(rows) + self.trend(rows))

    def formula_error(self, rows: pd.DataFrame) -> Floats:
        """[n], error in percent by the formula alone."""
        return _percent(self.fit.log_error(rows))

    def formula_interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the error by the formula alone, in percent, [n] each; only its parameters
        vary."""
        draws = _percent(self.form.evaluate(self.theta_draws, self.fit.x(rows))[0])
        return bounds(draws)

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[replicates, n], error in percent: parameters and lack of fit vary, seed noise is not included.

        A replicate is the same function in every call, so that differences between networks may be taken
        replicate by replicate.
        """
        log_error = self.form.evaluate(self.theta_draws, self.fit.x(rows))[0]
        return _percent(log_error + self.discrepancy.draws(rows))

    def interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the error, in percent, [n] each."""
        return bounds(self.draws(rows))

    def formula_text(self) -> str:
        """The fitted formula as text: `error = 12.1 + 5.32 (depth/101)^-0.81 + …`, in percent."""
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


def _percent(log_error: Floats) -> Floats:
    return np.minimum(np.exp(log_error), 100.0)
