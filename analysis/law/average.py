"""An average of laws: what several forms say together, each as far as it explains the measured models."""

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
"""Evidence counts so many times less: every form is wrong somewhere, and what a hundred residuals hold
against one does not prove the other beyond them (a power posterior, Holmes and Walker 2017). Chosen, with
MULTIPLY and `discrepancy.GROWTH`, on 300 simulated grids of each of three kinds."""
MULTIPLY = 30.0
"""Odds, before the models are seen, that gains multiply as in a product, against that they add up. The
published grid of 350 epochs says 8 to 1 of errors, and 45 to 1 of odds."""
LEAST = 0.01
"""Share below which a form is left out."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """Error in percent, the mean over seeds."""

    laws: tuple[Law, ...]
    """Laws with a share of the replicates, the largest first."""
    shares: tuple[float, ...]

    def error(self, rows: pd.DataFrame) -> Floats:
        """[n], in percent. Raises `Refused` for a missing knob."""
        return np.average([law.error(rows) for law in self.laws], axis=0, weights=self.shares)

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[replicates, n], in percent, as `Law.draws`: a replicate is one function of one form."""
        return np.concatenate([law.draws(rows) for law in self.laws])

    def interval(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Lowest and highest error of 95 %, in percent, [n] each."""
        return bounds(self.draws(rows))


def average(
    groups: pd.DataFrame,
    noise: Noise,
    forms: Mapping[Form, float] | None = None,
    *,
    replicates: int = REPLICATES,
) -> Average:
    """Of these forms, with odds before the models are seen; else of sums and products of all knobs that vary.

    groups: those of `choose.law_rows`, or others with the columns of `noise.group_seeds`. A single form that
    fits is nearly sure of itself beyond the models, where others that fit as well say something else. Raises
    `Refused` where no form can be fitted.
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
    """Of errors and of odds, each form with its odds before the models are seen.

    They have few parameters: their lack of fit shows and is carried on beyond the models. Forms of many
    follow every model, and know nothing of what they will miss.
    """
    add, multiply = additive(knobs), product(knobs)
    return {add: 1.0, of_odds(add): 1.0, multiply: MULTIPLY, of_odds(multiply): MULTIPLY}


def _shares(fitted: Sequence[Fitted], odds: Floats) -> Floats:
    """[forms], by the evidence of the models that no form leaves out, spread evenly where there are many."""
    counted = np.flatnonzero(np.all([each.inlying for each in fitted], axis=0))
    if len(counted) > MAX_MEASURED:
        counted = counted[np.linspace(0, len(counted) - 1, MAX_MEASURED).astype(int)]
    evidence = np.array([each.log_evidence(counted) for each in fitted])
    shares = odds * np.exp((evidence - evidence.max()) / TEMPERATURE)
    shares[shares < LEAST * shares.sum()] = 0.0
    return np.asarray(shares / shares.sum())
