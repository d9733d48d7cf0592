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
        low, high = bounds(self.theta_draws)
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
        return bounds(draws)

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[replicates, n], in percent: parameters and lack of fit vary, the noise of a seed does not.

        A replicate is one function, the same in every call, so that differences between networks may be
        taken replicate by replicate.
        """
        log_error = self.form.evaluate(self.theta_draws, self.fit.x(rows))[0]
        return _percent(log_error + self.discrepancy.draws(rows))

    def interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lowest and highest error, in percent, [n] each."""
        return bounds(self.draws(rows))

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


def _percent(log_error: Floats) -> Floats:
    return np.minimum(np.exp(log_error), 100.0)
