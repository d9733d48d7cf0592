"""What a tracker makes of files that are absent, half there, or at odds."""

from __future__ import annotations

from typing import Any

from scaling.tracking.point_files import PointFiles, read_point


def read(point: Any) -> PointFiles:
    files = read_point(point.path)
    assert files is not None
    return files


def test_a_result_says_completed_whatever_the_status(study: Any) -> None:
    point = study.add()
    point.complete()
    point.set_status("running")  # killed between the two
    assert read(point).state == "completed"


def test_completed_without_a_result_is_still_running(study: Any) -> None:
    point = study.add()
    point.set_status("completed")
    assert not read(point).ended


def test_a_point_without_a_status_is_pending(study: Any) -> None:
    point = study.add()
    (point.path / "status.json").unlink()
    assert read(point).state == "pending"


def test_outcomes_differ_by_attempt_and_by_result(study: Any) -> None:
    point = study.add()
    outcomes = set()
    point.fail()
    outcomes.add(read(point).outcome)
    point.set_status("failed", None, "ValueError: no")  # the second attempt
    outcomes.add(read(point).outcome)
    point.complete()
    outcomes.add(read(point).outcome)
    assert len(outcomes) == 3


def test_a_line_that_a_power_cut_damaged_takes_no_other_row_along(study: Any) -> None:
    point = study.add()
    point.train(2)
    with (point.path / "metrics.jsonl").open("ab") as file:
        file.write(b'\x00\x9d\nnull\n{"loss": 1.0}\n{"epoch": 3')
    assert [row["epoch"] for row in read(point).rows] == [1, 2]


def test_there_is_no_point_without_a_readable_point_json(study: Any) -> None:
    point = study.add()
    (point.path / "point.json").write_text("[1]")
    assert read_point(point.path) is None
