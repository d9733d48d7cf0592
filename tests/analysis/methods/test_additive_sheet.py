"""The ladder's sentences and JSON, also with parts missing."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.methods.additive import additive_study, climb
from analysis.methods.additive_sheet import methods_json, methods_sentences, methods_sheet
from analysis.methods.methods import IMAGES
from analysis.source.source import read_source
from tests.analysis.planted_methods import ladder_rows, table


def told(rows: pd.DataFrame) -> str:
    return "\n".join(methods_sentences(climb(table(rows))))


def test_the_sheet_has_a_row_a_rung_and_the_paper_beside_it() -> None:
    sheet = methods_sheet(climb(table(ladder_rows())))
    assert len(sheet.rows) == 11
    assert {len(row) for row in sheet.rows} == {len(sheet.head)} == {9}
    assert sheet.rows[8][-2:] == ("82.2", "+1.5")
    assert methods_sheet(climb(table(ladder_rows(num_seeds=1)))).rows[1][2:5] == ("69.78", "+0.54", "")


def test_the_papers_own_ladder_does_not_stand_beside_itself() -> None:
    sheet = methods_sheet(climb(read_source("published:resnet_rs_2021_methods")))
    assert sheet.head[-1] == "so far"
    assert "Paper: " not in sheet.note
    assert sheet.rows[-1][-1] == "+4.40"


def test_the_paper_is_told_as_it_says() -> None:
    sentences = [*methods_sentences(climb(read_source("published:resnet_rs_2021_methods")))]
    assert pytest.approx(0.727, abs=0.001) == IMAGES.paper_share
    assert sentences == [
        "From ResNet to ResNet-D, 10 steps, top1 goes from 79.00 to 83.40 %: +4.4 points (3.5, 5.3), noise "
        "as declared.",
        "None of 10 steps is decided, at 5 % shared among all.",
        "Training methods give 73 % (54 %, 94 %) of the points, more than half: training methods +3.2 points "
        "(2.3, 4.1), noise as declared, architecture +1.2 points (0.3, 2.1).",
    ]


def test_steps_and_the_share_are_told() -> None:
    said = told(ladder_rows(gains={4: 3.0}, noise=0.1))
    assert "label smoothing helps (+" in said
    assert "of the points, more than half: training methods +" in said
    assert "; the paper's share is 73 %." in said


@pytest.mark.parametrize(
    ("gains", "seeds", "why"),
    [
        (0.0, 4, "the total gain is not distinguishable from zero"),
        (-1.0, 4, "all methods together cost points"),
        (0.5, 1, "one seed has no interval"),
    ],
)
def test_an_undecided_share_says_why(gains: float, seeds: int, why: str) -> None:
    rows = ladder_rows(num_seeds=seeds, gains={step: gains for step in range(1, 11)}, noise=0.2)
    assert f"The share of training methods is undecided, since {why}: " in told(rows)


def test_an_incomplete_ladder_says_what_it_lacks() -> None:
    rows = ladder_rows().assign(status="completed", failure=None)
    rung = np.repeat(np.arange(11), 4)
    rows.loc[rung == 7, ["status", "failure"]] = ["failed", "out_of_memory"]
    rows.loc[(rung == 9) & (rows["seed"] > 1), "status"] = "pending"
    said = told(rows)
    assert "+ dropout has 0 of 4 results (4 out of memory): the next step spans it." in said
    assert "+ squeeze-and-excitation has 2 of 4 results (2 pending)." in said
    only = told(ladder_rows(rungs=range(8, 11)))
    assert (
        "How the points divide between training and architecture is not known: the ladder has architecture "
        "steps only." in only
    )


def test_a_ladder_with_one_result_compares_nothing() -> None:
    rows = ladder_rows().assign(status="pending")
    rows.loc[:3, "status"] = "completed"
    ladder = additive_study(table(rows))
    assert next(iter(methods_sentences(ladder))) == (
        "There are results of 1 rung of the ladder: a step needs two."
    )
    assert len(methods_sheet(ladder).rows) == 1


def test_it_is_json() -> None:
    answer = json.loads(json.dumps(methods_json(climb(table(ladder_rows()))), allow_nan=False))
    assert answer["rungs"][1]["step"]["verdict"] == "helps"
    assert answer["share"]["ratio"]["ci95"][0] < answer["share"]["ratio"]["value"]
