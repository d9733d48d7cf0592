"""The choice of a law, on planted laws and on too few data."""

from __future__ import annotations

from itertools import product as cells

import numpy as np
import pandas as pd
import pytest

from analysis.law.candidates import candidates, compute, interacting, of_odds
from analysis.law.choose import CUTS, MAX_MODELS, choose
from analysis.law.form import Form, additive, product
from analysis.noise import UNKNOWN, Noise, group_seeds
from analysis.source.clean import table_of

KNOBS = ("depth", "width", "resolution")
VALUES = ((26, 50, 101, 200), (0.5, 1.0, 1.5), (128, 160, 224, 320))
SMALL = Noise(kind="seeds", scale=0.05, power=0.0, df=100)


def planted(form: Form, log_coefficients: list[float], exponents: list[float]) -> pd.DataFrame:
    """Groups with errors of a given form and noise of 0.05 points."""
    rows = pd.DataFrame(list(cells(*VALUES, (100,))), columns=[*KNOBS, "epochs"])
    rows["flops"] = 1e6 * rows["depth"] * rows["width"] ** 2 * rows["resolution"] ** 2
    x = np.log(rows[list(form.knobs)].to_numpy(dtype=float))
    theta = np.array([*log_coefficients, *exponents])
    error = np.exp(form.evaluate(theta[None], x - x.mean(axis=0))[0][0])
    rows["top1"] = 100 - error - 0.05 * np.random.default_rng(3).standard_normal(len(rows))
    return group_seeds(table_of(rows.to_dict("records"), name="planted").usable)


@pytest.mark.parametrize(
    ("form", "theta"),
    [
        (additive(KNOBS), [2.0, 1.5, 1.5, 1.0, 0.6, 0.9, 0.7]),
        (product(KNOBS), [2.0, 2.5, 0.4, 0.7, 0.5]),
        (of_odds(product(KNOBS)), [2.0, 3.5, 0.4, 0.7, 0.5]),
    ],
    ids=lambda value: value.name if isinstance(value, Form) else "",
)
def test_the_planted_form_or_one_that_has_it_as_a_special_case_is_chosen(
    form: Form, theta: list[float]
) -> None:
    num_terms = len(form.terms)
    choice = choose(planted(form, theta[:num_terms], theta[num_terms:]), SMALL, replicates=20)
    assert choice.law is not None
    rmse = choice.scores.set_index("form")["rmse"]
    others = {additive(KNOBS).name, product(KNOBS).name, of_odds(product(KNOBS)).name} - {form.name}
    assert choice.law.form.odds == form.odds
    assert rmse[form.name] < 0.15
    assert rmse[form.name] < min(rmse[sorted(others)])
    assert choice.law.form.name == choice.scores["form"][0]
    assert choice.chosen_rmse == choice.scores["rmse"][0]


def test_the_validation_slice_is_the_dearest() -> None:
    groups = planted(product(KNOBS), [2.0, 2.5], [0.4, 0.7, 0.5])
    dearest = groups["flops"].rank() > CUTS[-1] * len(groups)
    scores = choose(groups.assign(error=groups["error"] + 3.0 * dearest), SMALL, replicates=20).scores
    before = choose(groups, SMALL, replicates=20).scores
    constant = "lowest error so far"
    assert scores["n"].nunique() == 1
    assert scores["n"][0] == sum(len(groups) - round(share * len(groups)) for share in CUTS)
    assert scores["rmse"][0] > 1.0 > before["rmse"][0]
    assert (scores["form"] == constant).sum() == 1


def test_a_shuffled_table_gives_the_same_choice() -> None:
    groups = planted(product(KNOBS), [2.0, 2.5], [0.4, 0.7, 0.5])
    shuffled = groups.sample(frac=1.0, random_state=0)
    first, second = (choose(each, SMALL, replicates=20) for each in (groups, shuffled))
    assert first.reason == second.reason
    pd.testing.assert_frame_equal(first.scores, second.scores)


def test_where_nothing_matters_no_law_is_fitted() -> None:
    groups = planted(product(KNOBS), [2.0, 2.5], [0.4, 0.7, 0.5])
    noise = np.random.default_rng(0).standard_normal(len(groups))
    choice = choose(groups.assign(error=20 + 0.2 * noise), UNKNOWN)
    assert choice.law is None
    assert "predicts the more expensive ones clearly better than the mean error so far" in choice.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda groups: groups.head(15), "has 15 models, a law needs 16"),
        (lambda groups: groups.assign(depth=50, width=1.0), "only resolution varies"),
        (lambda groups: groups.assign(error=20.0), "the error is 20 % in every model"),
        (lambda groups: groups.assign(error=np.resize([100.0, 100.0 - 1e-9], len(groups))), "clearly better"),
    ],
)
def test_too_little_gives_a_sentence(change, words: str) -> None:
    choice = choose(change(planted(product(KNOBS), [2.0, 2.5], [0.4, 0.7, 0.5])), SMALL)
    assert choice.law is None
    assert words in choice.reason


def test_of_many_models_some_are_taken_and_that_is_said() -> None:
    groups = planted(product(KNOBS), [2.0, 2.5], [0.4, 0.7, 0.5])
    many = pd.concat([groups.assign(depth=groups["depth"] + extra) for extra in range(10)], ignore_index=True)
    choice = choose(many, SMALL, replicates=20)
    assert choice.law is not None
    assert choice.law.diagnostics.num_rows == MAX_MODELS
    assert f"of {MAX_MODELS} models (of 480, evenly spaced in compute)" in choice.reason


def test_candidates_read_what_varies_and_is_known() -> None:
    groups = planted(product(KNOBS), [2.0, 2.5], [0.4, 0.7, 0.5])
    assert all("epochs" not in form.knobs for form in candidates(groups))
    assert all("flops" not in form.knobs for form in candidates(groups.assign(flops=np.nan)))
    assert compute(groups)[0] == "flops x epochs"
    assert compute(groups.assign(flops=np.nan))[0] == "depth x width^2 x resolution^2 x epochs"
    epochs = groups.assign(epochs=np.resize([10, 100], len(groups)), params=groups["depth"] * 1e6)
    assert ("params", "epochs") in [form.knobs for form in candidates(epochs)]


def test_interactions_have_a_floor_for_each_knob() -> None:
    assert interacting(("depth", "width"), overfits=True).formula == (
        "E + A_depth depth^-a_depth + A_width width^-a_width + A_depth_width depth^-a_depth width^-a_width + "
        "O width^a_width"
    )
