"""An average of laws: the predictions of several forms, weighted by how well each explains the measured
models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.candidates import of_odds, varied_knobs
from analysis.law.fitted import MAX_MEASURED, REPLICATES, Fitted, fit_form
from analysis.law.form import Form, additive, product
from analysis.law.law import Law
from analysis.noise import Floats, Noise
from analysis.replicates import bounds
from scaling.errors import Refused

TEMPERATURE = 4.0
"""Divisor of the log evidence: every form is wrong somewhere, and a hundred residuals that speak against one
form do not prove another beyond the measured models (a power posterior, Holmes and Walker 2017). Chosen,
together with MULTIPLY and `discrepancy.GROWTH`, on 300 simulated grids of each of three kinds."""
MULTIPLY = 30.0
"""Prior odds of a product, in which gains multiply, against a sum, in which they add up. The published grid
at 350 epochs gives 8 to 1 for forms of the error, and 45 to 1 for forms of the odds."""
LEAST = 0.01
"""Share below which a form is dropped."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """Predicts the error in percent, the mean over seeds."""

    laws: tuple[Law, ...]
    """Laws with at least one replicate, in descending order of their shares."""
    shares: tuple[float, ...]

    def error(self, rows: pd.DataFrame) -> Floats:
        """[n], error in percent. Raises `Refused` for a missing knob."""
        return np.average([law.error(rows) for law in self.laws], axis=0, weights=self.shares)

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[replicates, n], error in percent; as in `Law.draws`, each replicate is one function, here of one
        form."""
        return np.concatenate([law.draws(rows) for law in self.laws])

    def interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the 95 % interval of the error, in percent, [n] each."""
        return bounds(self.draws(rows))


def average(
    groups: pd.DataFrame,
    noise: Noise,
    forms: Mapping[Form, float] | None = None,
    *,
    replicates: int = REPLICATES,
) -> Average:
    """The average of `forms`, given with their prior odds; by default of sums and products of all varying
    knobs.

    groups: those of `choose.law_rows`, or others with the columns of `noise.group_seeds`. An average is
    needed beyond the measured models: there a single form is overconfident, and others that fit as well
    disagree with it. Raises `Refused` where no form can be fitted.
    """
    forms = forms or sums_and_products(varied_knobs(groups))
    fitted, refused = [], ""
    for form in forms:
        try:
            fitted.append(fit_form(form, groups, noise))
        except Refused as error:
            refused = str(error)
    if not fitted:
        raise Refused(refused)
    shares = _shares(fitted, np.array([forms[each.form] for each in fitted]))
    counts = np.diff(np.round(replicates * np.cumsum(shares)).astype(int), prepend=0)
    order = [place for place in np.argsort(-counts, kind="stable") if counts[place]]
    return Average(
        laws=tuple(fitted[place].law(int(counts[place])) for place in order),
        shares=tuple(float(counts[place] / replicates) for place in order),
    )


def sums_and_products(knobs: Sequence[str]) -> dict[Form, float]:
    """Sums and products of the knobs, for the error and for its odds, each with its prior odds.

    They have few parameters, so their lack of fit shows and is carried on beyond the models. Forms with many
    parameters follow every model, and do not reveal what they will miss.
    """
    add, multiply = additive(knobs), product(knobs)
    return {add: 1.0, of_odds(add): 1.0, multiply: MULTIPLY, of_odds(multiply): MULTIPLY}


def _shares(fitted: Sequence[Fitted], odds: Floats) -> Floats:
    """[forms], shares by the evidence of the models that no form leaves out as outliers; of many models, a
    subset spread evenly."""
    counted = np.flatnonzero(np.all([each.inlying for each in fitted], axis=0))
    if len(counted) > MAX_MEASURED:
        counted = counted[np.linspace(0, len(counted) - 1, MAX_MEASURED).astype(int)]
    evidence = np.array([each.log_evidence(counted) for each in fitted])
    shares = odds * np.exp((evidence - evidence.max()) / TEMPERATURE)
    shares[shares < LEAST * shares.sum()] = 0.0
    return np.asarray(shares / shares.sum())
