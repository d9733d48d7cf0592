"""Fits of planted laws."""

from __future__ import annotations

from itertools import product as cells

import numpy as np
import pandas as pd
import pytest

from analysis.law.fit import fit
from analysis.law.form import Form, additive, overfitting, power_law, product, saturating, sovit
from analysis.law.minimise import Data, minimise
from scaling.errors import Refused

AXES = ("depth", "width", "resolution", "epochs")
FORMS = (
    power_law("depth"),
    additive(AXES),
    product(AXES),
    overfitting(AXES),
    saturating(AXES),
    sovit(("depth", "width"), compute="epochs"),
)


def grid() -> pd.DataFrame:
    values = ((26, 50, 101, 200), (0.5, 1.0, 1.5), (128, 160, 224), (10, 30, 100))
    return pd.DataFrame(list(cells(*values)), columns=list(AXES), dtype=float)


def some_theta(form: Form, generator: np.random.Generator) -> np.ndarray:
    exponents = generator.uniform(0.2, 1.5, len(form.exponents))
    return np.concatenate([generator.uniform(0.5, 2.5, len(form.terms)), exponents])


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_jacobian_is_that_of_finite_differences(form: Form) -> None:
    generator = np.random.default_rng(0)
    x = generator.uniform(-2, 2, (7, len(form.knobs)))
    theta = some_theta(form, generator)
    slopes = form.jacobian(form.evaluate(theta[None], x)[1], x)[0]
    for place in range(len(theta)):
        step = np.zeros(len(theta))
        step[place] = 1e-6
        high, low = (form.evaluate((theta + sign * step)[None], x)[0][0] for sign in (1, -1))
        assert slopes[place] == pytest.approx((high - low) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("form", FORMS[:3], ids=lambda form: form.name)
def test_a_planted_law_is_found_to_the_last_digit(form: Form) -> None:
    rows = grid()
    x = np.log(rows[list(form.knobs)].to_numpy())
    theta = some_theta(form, np.random.default_rng(1))
    rows["error"] = np.exp(form.evaluate(theta[None], x - x.mean(axis=0))[0][0])
    found = fit(form, rows)
    assert found.theta == pytest.approx(theta, abs=1e-4)
    assert found.diagnostics.num_agreeing >= 1
    assert not found.diagnostics.at_bound


def test_an_outlier_moves_a_fit_little() -> None:
    form = product(AXES)
    rows = grid()
    rows["error"] = 8 + 12 * (rows["depth"] / 26) ** -0.3 * rows["width"] ** -0.5 * rows["epochs"] ** -0.2
    clean = fit(form, rows.assign(error=rows["error"]))
    rows.loc[5, "error"] = 90.0
    assert fit(form, rows).log_error(rows) == pytest.approx(clean.log_error(rows), abs=2e-3)


def test_residuals_by_knob_slope_where_a_form_lacks_the_knob() -> None:
    rows = grid()
    rows["error"] = 12 * (rows["depth"] / 26) ** -0.3 * rows["epochs"] ** -0.2
    by_knob = fit(product(("depth", "width", "epochs")), rows, delta=1.0).by_knob
    assert by_knob.groupby("knob")["num_rows"].sum().to_dict() == dict.fromkeys(
        ("depth", "width", "epochs"), 108
    )
    assert by_knob["mean"].abs().max() < 1e-3
    lacking = fit(product(("depth", "width")), rows, delta=1.0)
    by_epochs = pd.Series(lacking.residual).groupby(rows["epochs"]).mean()
    assert np.ptp(by_epochs) == pytest.approx(0.2 * np.log(10), rel=0.02), (
        "what the form leaves of the epochs"
    )


def test_a_batch_gives_what_its_members_give_alone() -> None:
    generator = np.random.default_rng(2)
    form = product(AXES)
    x = generator.uniform(-1, 1, (60, 4))
    truth = form.evaluate(some_theta(form, generator)[None], x)[0]
    ones = np.ones((1, 60))
    y = truth + 0.02 * generator.standard_normal((5, 60))
    start = np.tile(some_theta(form, generator), (5, 1))
    nothing = np.zeros(len(form.parameters))
    data = Data(x=x, y=y, scale=ones, weight=ones, delta=0.01, target=nothing[None], pull=nothing)
    together = minimise(form, data, start)
    for place in range(5):
        alone = minimise(form, data.take(np.array([place])), start[:1])
        assert together.objective[place] == pytest.approx(alone.objective[0], rel=1e-8)


def test_a_floor_that_the_rows_do_not_show_is_called_degenerate() -> None:
    rows = grid()
    rows["error"] = 30 * (rows["depth"] / 26) ** -0.3
    assert fit(power_law("depth"), rows).diagnostics.degenerate == ("E",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"depth": 50.0}, "depth has one value in all rows"),
        ({"error": 20.0}, "error is 20 in all rows"),
        ({"error": 0.0}, "row 1 has error = 0"),
        ({"width": np.nan}, "row 1 has width = nan"),
    ],
)
def test_rows_that_decide_nothing_are_refused(change: dict[str, float], words: str) -> None:
    rows = grid().assign(error=np.linspace(10, 30, 108)).assign(**change)
    with pytest.raises(Refused, match=words):
        fit(additive(AXES), rows)


def test_a_missing_column_and_too_few_rows_are_refused() -> None:
    rows = grid().assign(error=np.linspace(10, 30, 108))
    with pytest.raises(Refused, match="no column flops"):
        fit(power_law("flops"), rows)
    with pytest.raises(Refused, match="3 rows cannot determine"):
        fit(power_law("depth"), rows.head(3))
