"""Candidates: the forms that are tried for a table, built from the knobs that vary in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.law.form import FLOOR, Form, Term, additive, power_law, product, saturating, term
from analysis.table import AXES

SIZE = ("depth", "width")


def varied_knobs(rows: pd.DataFrame) -> tuple[str, ...]:
    """The axes with two or more values."""
    return tuple(axis for axis in AXES if rows[axis].nunique() > 1)


def compute(rows: pd.DataFrame) -> tuple[str, pd.Series]:
    """The name and the values of the best available measure of the compute of training.

    train_flops, else flops x epochs, else depth x width^2 x resolution^2 x epochs, to which the FLOPs of
    convolutional networks are nearly proportional.
    """
    for name, values in (
        ("train_flops", rows["train_flops"]),
        ("flops x epochs", rows["flops"] * rows["epochs"]),
    ):
        if (np.isfinite(values) & (values > 0)).all():
            return name, values
    size = rows["depth"] * rows["width"] ** 2 * rows["resolution"] ** 2
    return "depth x width^2 x resolution^2 x epochs", size * rows["epochs"]


def candidates(rows: pd.DataFrame) -> tuple[Form, ...]:
    """Forms of the knobs that vary in these rows, simplest first. Two or more knobs must vary."""
    knobs = varied_knobs(rows)
    cost = "flops" if rows["epochs"].nunique() == 1 else "train_flops"
    forms = [power_law(cost)] if _known(rows, cost) else []
    forms += [additive(knobs), product(knobs), of_odds(product(knobs))]
    if "epochs" in knobs and _known(rows, "params"):
        forms.append(additive(("params", "epochs")))
    if "resolution" in knobs and all(axis in knobs for axis in SIZE):
        forms.append(saturating(knobs))
    forms += [interacting(knobs), of_odds(interacting(knobs))]
    if "width" in knobs:
        forms.append(of_odds(interacting(knobs, overfits=True)))
    return tuple(forms)


def of_odds(form: Form) -> Form:
    """The form with its sum equal to the odds of an error instead of the error."""
    return replace(form, name=f"{form.name}, odds", odds=True)


def interacting(knobs: Sequence[str], *, overfits: bool = False) -> Form:
    """E + sum over all subsets of the knobs of A times the product of x_i^-a_i: each knob reduces a part of
    the gain of every other knob.

    With all knobs but one unlimited, a floor in that one remains; `additive` and `product` are special cases.
    `overfits` adds a term that grows as width^a_width and, with training, as epochs^a_epochs: width "is
    subject to overfitting" (Bello et al. 2021, arXiv 2103.07579, section 6).
    """
    sets = [each for size in range(1, len(knobs) + 1) for each in combinations(knobs, size)]
    terms = [FLOOR, *map(_joint, sets)]
    if overfits:
        terms.append(term("O", **{knob: f"+a_{knob}" for knob in ("width", "epochs") if knob in knobs}))
    name = f"interactions of {', '.join(knobs)}{' with overfitting' if overfits else ''}"
    return Form(name, tuple(terms))


def _joint(knobs: Sequence[str]) -> Term:
    return term(f"A_{'_'.join(knobs)}", **{knob: f"-a_{knob}" for knob in knobs})


def _known(rows: pd.DataFrame, column: str) -> bool:
    """Whether the column has a value in every row, and varies."""
    return bool(rows[column].notna().all() and rows[column].nunique() > 1)
