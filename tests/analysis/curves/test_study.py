"""The running points of a study: which are shown, what predicts their end, and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from analysis.__main__ import main
from analysis.curves.study import outlook
from scaling.errors import Refused
from scaling.study.about import Task
from scaling.study.files import write_json_once
from scaling.study.point import Point
from scaling.study.store import Study

EPOCHS = 12
Begun = Callable[..., Point]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "mine", Task("mnist5k"))


@pytest.fixture
def begun(study: Study, make_point: Callable[..., Point]) -> Begun:
    """Make a point with metrics.jsonl up to an epoch; it is completed if that is its last."""

    def begin(seed: int, until: int, *, top1: float | None = None, **changes: object) -> Point:
        point = make_point(seed=seed, epochs=EPOCHS, **changes)
        study.add([point])
        generator = np.random.default_rng(seed)
        level = generator.uniform(8, 16)
        rows: list[dict[str, float]] = []
        for epoch in range(1, until + 1):
            error = level * epoch**-0.4 * np.exp(0.02 * generator.normal()) * (0.7 if epoch == EPOCHS else 1)
            rows.append({"epoch": epoch, "top1": 100 - error if top1 is None else top1, "loss": 1.0})
        directory = study.directory(point.id)
        (directory / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if until == EPOCHS:
            result = {"schema": 1, "metrics": {"top1": rows[-1]["top1"]}, "measured": {}}
            assert write_json_once(directory / "result.json", result)
        return point

    return begin


@pytest.mark.parametrize(
    "rubbish", [b"\x00\x00\x9d", b"null\n", b"[1]\n", b'{"loss": 1.0}\n', b'{"epoch": 7, "to']
)
def test_lines_that_a_power_cut_damaged_do_not_count(study: Study, begun: Begun, rubbish: bytes) -> None:
    point = begun(0, 6)
    whole = outlook(study.path)
    with (study.directory(point.id) / "metrics.jsonl").open("ab") as file:
        file.write(rubbish)
    assert outlook(study.path) == whole


def test_alone_a_point_is_told_from_its_curve(study: Study, begun: Begun) -> None:
    point = begun(0, 6)
    (seen,) = outlook(study.path)
    assert (seen.point, seen.epoch, seen.method) == (point.id, 6, "the curve alone")
    assert seen.low is not None
    assert seen.high is not None
    assert seen.final_top1 is not None
    assert seen.top1 < seen.final_top1
    assert seen.low < seen.final_top1 < seen.high <= 100


def test_finished_points_of_its_setting_tell_of_the_fall_at_the_end(study: Study, begun: Begun) -> None:
    for seed in range(1, 6):
        begun(seed, EPOCHS)
    begun(0, 6)
    (seen,) = outlook(study.path)
    assert seen.method == "5 finished curves"
    assert seen.final_top1 is not None
    final_error = (100 - seen.top1) * 2**-0.4 * 0.7
    assert 100 - seen.final_top1 == pytest.approx(final_error, rel=0.1)


def test_points_of_another_setting_do_not_count(study: Study, begun: Begun) -> None:
    for seed in range(1, 6):
        begun(seed, EPOCHS, precision="bf16")
    begun(0, 6)
    assert [seen.method for seen in outlook(study.path)] == ["the curve alone"]


def test_a_point_of_which_nothing_can_be_said_says_why(study: Study, begun: Begun) -> None:
    begun(0, 2)
    begun(1, 6, top1=10.0)
    said = {seen.epoch: seen for seen in outlook(study.path)}
    assert said[2].final_top1 is None
    assert "give at least 4" in said[2].method
    assert "has not moved" in said[6].method


def test_no_wrong_image_counts_as_half_of_one(study: Study, begun: Begun) -> None:
    for seed in range(1, 5):
        begun(seed, EPOCHS)
    begun(0, 6, top1=100.0)
    (seen,) = outlook(study.path)
    assert seen.high is not None
    assert 99.9 < seen.high < 100


def test_broken_lines_and_epochs_without_an_evaluation_are_left_out(study: Study, begun: Begun) -> None:
    point = begun(0, 6)
    with (study.directory(point.id) / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 7, "train_loss": 1.0}\n{"epoch": 8, "to')
    assert [seen.epoch for seen in outlook(study.path)] == [6]


def test_a_study_in_which_nothing_runs(
    study: Study, begun: Begun, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(0, EPOCHS)
    assert main(["curves", str(study.path)]) == 0
    assert "No running point of this study has been evaluated" in capsys.readouterr().out


def test_the_command_prints_a_row_a_point(
    study: Study, begun: Begun, capsys: pytest.CaptureFixture[str]
) -> None:
    point = begun(0, 6)
    assert main(["curves", str(study.path), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["point"] == point.id
    assert main(["curves", str(study.path)]) == 0
    printed = capsys.readouterr().out
    assert point.id[:8] in printed
    assert f"{row['final_top1']:.2f}" in printed


def test_what_is_no_study_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused, match="is not a study"):
        outlook(tmp_path)
    assert main(["curves", str(tmp_path)]) == 2
    assert "is not a study" in capsys.readouterr().err
