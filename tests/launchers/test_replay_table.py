"""Replay tables: what a file must be, and what a point is answered from it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.source.source import read_source
from launchers.replay.answers import Answers
from launchers.replay.read_csv import read_csv
from launchers.replay.read_table import FIGURES, read_table
from launchers.replay.table import Setting
from scaling.errors import Refused
from scaling.study.point import Point
from tests.launchers.conftest import COLUMNS

Make = Callable[..., Point]
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "has no column depth, width, resolution, epochs, top1 .or error.: it has none"),
        (["depth,width,epochs,acc", "8,1,2,70"], "has no column resolution, top1 .or error.: it has depth"),
        ([COLUMNS], "has no row of a point that ended"),
        ([f"{COLUMNS},top1", "8,1,14,2,70,60"], "has two columns top1: keep one"),
        (
            [COLUMNS, "8,1,14,2,70", "8,1,14,2,71"],
            r"two different rows of depth=8 .* \(top1 70.0 and 71.0\)",
        ),
        ([COLUMNS, "8,1,14,2,170"], "row 1 has top1=170: a percentage, 0 to 100, is needed"),
        ([COLUMNS, "8,1,14,2,nan"], "row 1 has top1=nan: a percentage"),
        ([COLUMNS, "8,1,14,2,"], "row 1 has top1=nothing: a percentage"),
        ([COLUMNS, "8,1,14,2,0.7"], "no top1 above 0.7, so it looks like a fraction"),
        ([COLUMNS, "8,1,14.5,2,70"], "row 1 has resolution=14.5: a whole number of at least 1"),
        ([COLUMNS, "8,-1,14,2,70"], "row 1 has width=-1: a positive number"),
        ([COLUMNS, "8,1,14,2,70,3"], "row 1 has more values than columns"),
        ([COLUMNS + ",error", "8,1,14,2,70,40"], "row 1 has error=40: 100 - top1, 30, is needed"),
        ([COLUMNS + ",status", "8,1,14,2,70,done"], "row 1 has status=done: one of completed, failed"),
        ([COLUMNS + ",failure", "8,1,14,2,,sad"], "row 1 has failure=sad: one of out_of_memory"),
        ([COLUMNS + ",epoch", "8,1,14,4,70,3"], "last row of depth=8 .* is at epoch=3, where 4 is needed"),
        ([COLUMNS + ",seed", "8,1,14,2,70,0", "8,2,14,2,70,"], "has a seed in some rows only"),
    ],
)
def test_a_file_that_is_no_table_is_told_in_a_sentence(
    lines: list[str], sentence: str, write_table: Write
) -> None:
    with pytest.raises(Refused, match=sentence):
        read_csv(write_table(*lines))


def test_a_file_of_bytes_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "answers.csv").write_bytes(b"\xff\x00\xfe")
    with pytest.raises(Refused, match="is not a CSV file"):
        read_csv(tmp_path / "answers.csv")


def test_rows_of_points_that_have_not_ended_and_copies_are_passed_over(write_table: Write) -> None:
    rows = ["8,1,14,2,70,", "8,1,14,2,70.0,completed", "14,1,14,2,,running"]
    table = read_csv(write_table(COLUMNS + ",status", *rows))
    assert list(table.endings) == [Setting(depth=8, width=1, resolution=14, epochs=2)]


def test_the_table_that_a_report_writes_is_one(tmp_path: Path) -> None:
    """And the published figures say the same by way of it."""
    (tmp_path / "table.csv").write_bytes(read_source(FIGURES).csv)
    found, published = read_csv(tmp_path / "table.csv").endings, read_table(FIGURES).endings
    by_setting = {replace(setting, seed=None): ending.top1 for setting, ending in found.items()}
    assert by_setting == {setting: pytest.approx(ending.top1) for setting, ending in published.items()}


def test_a_table_with_seeds_answers_each_by_its_own_row(write_table: Write, make_point: Make) -> None:
    rows = ["8,0.5,14,2,70,3,1", "8,0.5,14,2,71,3,2"]
    table = read_csv(write_table(COLUMNS + ",noise_sd,seed", *rows))
    answers = Answers(table=table, noise_sd=None, noise_seed=0)
    assert [answers.of(make_point(seed=seed)).top1[2] for seed in (1, 2)] == [70, 71]
    wanted = table.setting(make_point(seed=7))
    assert wanted not in table.endings
    assert [setting.seed for setting in table.nearest(wanted)] == [2, 1]
    with pytest.raises(Refused, match="has a row for each seed, so it includes the noise"):
        Answers(table=table, noise_sd=0.5, noise_seed=0)


def test_noise_is_normal_new_for_each_seed_and_the_same_for_ever(
    write_table: Write, make_point: Make
) -> None:
    table = read_csv(write_table(COLUMNS + ",noise_sd", "8,0.5,14,2,70,2"))
    points = [make_point(seed=seed) for seed in range(400)]

    def drawn(**options: float | None) -> list[float]:
        answers = Answers(table=table, **({"noise_sd": None, "noise_seed": 0} | options))  # type: ignore[arg-type]
        return [answers.of(point).top1[2] - 70 for point in points]

    first = drawn()
    assert first == drawn()
    assert statistics.mean(first) == pytest.approx(0, abs=4 * 2 / 20)
    assert statistics.stdev(first) == pytest.approx(2, rel=4 / 800**0.5)
    assert drawn(noise_sd=1.0) == pytest.approx([each / 2 for each in first])
    assert abs(statistics.correlation(first, drawn(noise_seed=1))) < 4 / 20
    assert drawn(noise_sd=0.0) == [0] * 400
    assert max(drawn(noise_sd=100.0)) == 30


def test_a_noise_that_was_drawn_once_is_drawn_by_all_versions(make_point: Make) -> None:
    """This number may change only where the id of the point does."""
    answers = Answers(table=read_table(FIGURES), noise_sd=None, noise_seed=0)
    point = make_point(depth=26, width=0.25, resolution=128, epochs=350)
    assert answers.of(point).top1 == {350: pytest.approx(56.554689322816905, abs=1e-12)}


def test_what_is_said_of_the_way_moves_no_final_answer(write_table: Write, make_point: Make) -> None:
    header = f"{COLUMNS},noise_sd,epoch"
    last = Answers(table=read_csv(write_table(header, "8,0.5,14,2,70,2,2")), noise_sd=None, noise_seed=0)
    way = Answers(
        table=read_csv(write_table(header, "8,0.5,14,2,60,2,1", "8,0.5,14,2,70,2,2")),
        noise_sd=None,
        noise_seed=0,
    )
    assert last.of(make_point()).top1[2] == way.of(make_point()).top1[2]
    assert way.of(make_point()).top1[1] - 60 != way.of(make_point()).top1[2] - 70
