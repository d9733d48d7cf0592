"""The sentences and JSON on weight decay against regularisation."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analysis.methods.weight_decay import interplay
from analysis.methods.weight_decay_sheet import interplay_json, interplay_sentences, interplay_sheet
from analysis.source.source import read_source
from tests.analysis.planted_methods import crossed_rows, table


def told(rows: pd.DataFrame) -> list[str]:
    return [*interplay_sentences(interplay(table(rows)))]


def test_a_planted_interaction_is_told() -> None:
    first, second = told(crossed_rows())
    assert first.startswith("A weight decay of 4e-05 instead of 0.0001 hurts with nothing to regularise (−1.")
    assert "helps with label smoothing and dropout to regularise (+0." in first
    assert second.startswith("Less weight decay does better with regularisation than without: from the least")
    assert second.endswith(", 6 seeds.")


@pytest.mark.parametrize("effect", [0.0, 2.0])
def test_no_interaction_is_told_as_undecided(effect: float) -> None:
    sentence = told(crossed_rows(effects=(effect, effect, effect)))[1]
    assert sentence.startswith(
        "Whether regularisation changes the effect of less weight decay is undecided: "
    )


def test_the_paper_is_told_as_it_says() -> None:
    sentences = [*interplay_sentences(interplay(read_source("published:resnet_rs_2021_weight_decay")))]
    assert sentences == [
        "Over all networks, a weight decay of 4e-05 instead of 0.0001 hurts with the least regularisation "
        "(−0.9 points (−1.4, −0.4), noise as declared), and is undecided with the most regularisation (+0.4 "
        "points (−0.1, 0.8), noise as declared).",
        "Less weight decay does better with regularisation than without: from the least to the most of it by "
        "+1.2 points (0.6, 1.9), noise as declared.",
        "By network, the effect changes by +1.5 points (0.5, 2.5), undecided, at depth 50, 224 px and +1.0 "
        "points (0.05, 2.0), undecided, at depth 200, 256 px.",
    ]


def test_what_is_missing_is_told() -> None:
    rows = crossed_rows().assign(status="completed", failure=None)
    lost = (rows["recipe.dropout"] > 0) & (rows["recipe.weight_decay"] == 4e-5)
    rows.loc[lost, ["status", "failure"]] = ["failed", "diverged"]
    first, second, third = told(rows)
    assert "is not known with label smoothing and dropout to regularise, since no seed has both" in first
    assert "is not known: no seed has all of the results needed." in second
    assert third == "Weight decay 4e-05 with label smoothing and dropout has 0 of 6 results (6 diverged)."
    last = interplay_sheet(interplay(table(rows))).rows[-1]
    assert last == ("the most minus the least", "0", "", "", "", "", "")


def test_the_sheet_names_networks_where_there_are_several() -> None:
    one, two = (
        interplay_sheet(interplay(table(crossed_rows(depths=depths)))) for depths in ((14,), (14, 26))
    )
    assert (one.head[0], two.head[0]) == ("regularised by", "network")
    assert (len(one.rows), len(two.rows)) == (3 + 1, 2 * 3 + 2 + 3)
    assert {len(row) for row in two.rows} == {len(two.head)}


def test_it_is_json() -> None:
    answer = json.loads(json.dumps(interplay_json(interplay(table(crossed_rows()))), allow_nan=False))
    assert [each["effect"]["verdict"] for each in answer["interactions"]] == ["helps"]
