"""The study directory: what is read back, what is refused, what is set aside."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scaling.errors import Refused
from scaling.profile.forecast import Hours
from scaling.study.about import SCHEMA, Task
from scaling.study.files import locked, write_json_once
from scaling.study.point import Point
from scaling.study.result import State, Status
from scaling.study.store import Study

Make = Callable[..., Point]
TASK = Task("mnist5k")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "mine", TASK)


def _complete(study: Study, point: Point, top1: float = 90.0) -> None:
    study.note(point.id, State(status="completed", attempt=1, epoch=2))
    write_json_once(
        study.directory(point.id) / "result.json",
        {"id": point.id, "metrics": {"top1": top1}, "measured": {"train_seconds": 1.5}},
    )


def test_points_are_read_back(study: Study, make_point: Make) -> None:
    points = [make_point(seed=seed) for seed in range(3)]
    study.add(points)
    assert sorted(study.point_ids()) == sorted(point.id for point in points)
    assert study.point(points[1].id) == points[1]


def test_a_row_holds_axes_costs_and_metrics(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    assert study.rows()[0]["status"] == "pending"
    _complete(study, point, top1=91.5)
    row = study.rows()[0]
    assert (row["point"], row["depth"], row["width"], row["top1"]) == (point.id, 8, 0.5, 91.5)
    assert (row["flops"], row["train_seconds"], row["status"]) == (point.cost.flops, 1.5, "completed")
    assert row["recipe.label_smoothing"] == 0.1


def test_an_unreadable_point_is_written_again(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    file = study.directory(point.id) / "point.json"
    file.write_text("{half")
    with pytest.raises(Refused, match="type the line that made the study again"):
        study.rows()
    study.add([point])
    assert study.point(point.id) == point
    assert (file.parent / "point.json.corrupt-0").read_text() == "{half"


SPECIFIED, MEASURED = Hours(0.5, "specifications"), Hours(0.25, "measured")


def test_the_prediction_of_the_last_launch_before_the_start_is_kept(study: Study, make_point: Make) -> None:
    point = make_point()
    file = study.directory(point.id) / "point.json"
    study.add([point])
    assert study.result(point.id).predicted is None
    study.add([point], {point.id: SPECIFIED})
    assert json.loads(file.read_text())["predicted"] == {"hours": 0.5, "source": "specifications"}
    study.add([point], {point.id: MEASURED})
    assert study.result(point.id).predicted == MEASURED
    study.add([point])  # now to be taken over from another study, say
    assert study.result(point.id).predicted is None
    assert study.point(point.id) == point


@pytest.mark.parametrize("status", ["running", "pending", "failed", "completed"])
def test_a_prediction_stays_once_the_point_has_started(
    study: Study, make_point: Make, status: Status
) -> None:
    point, late = make_point(), make_point(seed=1)
    study.add([point], {point.id: SPECIFIED})
    study.add([late])
    for each in (point, late):
        study.note(each.id, State(status=status, attempt=1))
    written = (study.directory(point.id) / "point.json").stat().st_ino
    study.add([point, late], {point.id: MEASURED, late.id: MEASURED})
    assert study.result(point.id).predicted == SPECIFIED
    assert study.result(late.id).predicted is None
    assert (study.directory(point.id) / "point.json").stat().st_ino == written


def test_a_started_point_that_is_mended_gets_no_prediction(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point], {point.id: SPECIFIED})
    _complete(study, point)
    (study.directory(point.id) / "point.json").write_text("")
    study.add([point], {point.id: MEASURED})
    assert study.result(point.id).predicted is None


@pytest.mark.parametrize("predicted", [0.5, {"hours": 0.5}, {"hours": 0.5, "source": "measured", "by": "me"}])
def test_a_prediction_that_is_none_is_refused(study: Study, make_point: Make, predicted: object) -> None:
    point = make_point()
    study.add([point])
    file = study.directory(point.id) / "point.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"predicted": predicted}))
    with pytest.raises(Refused, match=r"point\.json is no point"):
        study.rows()


def test_an_equal_prediction_writes_nothing(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point], {point.id: SPECIFIED})
    written = (study.directory(point.id) / "point.json").stat().st_ino
    study.add([point], {point.id: SPECIFIED})
    assert (study.directory(point.id) / "point.json").stat().st_ino == written


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ("{}", "it has no top1 or miou in percent"),
        ('{"metrics": null}', "it has no top1 or miou in percent"),
        ('{"metrics": "x"}', "metrics is not an object"),
        ('{"metrics": {"top1": "x"}}', "it has no top1 or miou in percent"),
        ('{"metrics": {"top1": 120.0}}', "it has no top1 or miou in percent"),
        ('{"metrics": {"top1": 90.0, "loss": [1]}}', "loss is not a number"),
        ('{"metrics": {"top1": 90.0}, "measured": [1]}', "measured is not an object"),
        ('{"metrics": {"top1": 90.0}, "measured": {"train_seconds": "x"}}', "train_seconds is not a number"),
        (
            '{"metrics": {"top1": 90.0}, "measured": {"train_seconds": 1e999}}',
            "train_seconds is not a number",
        ),
        ('{"metrics": {"top1": 90.0}, "provenance": 3}', "provenance is not an object"),
    ],
)
def test_what_is_no_result_is_not_done(study: Study, make_point: Make, content: str, wrong: str) -> None:
    point = make_point()
    study.add([point])
    study.note(point.id, State(status="completed", attempt=1))
    file = study.directory(point.id) / "result.json"
    file.write_text(content)
    (row,) = study.rows()
    assert (row["status"], row["top1"]) == ("pending", None)
    assert row["message"].startswith(f"{file} is not a valid result ({wrong})")
    study.clear_unreadable(point.id)
    assert not file.exists()


def test_a_result_whose_accuracy_was_nan_is_done(study: Study, make_point: Make) -> None:
    """As the mean IoU is if no held-out pixel has a class. To train the point again would not help."""
    point = make_point()
    study.add([point])
    _complete(study, point, float("nan"))
    (row,) = study.rows()
    assert (row["status"], row["top1"], row["message"]) == ("completed", None, None)


def test_a_row_sets_the_hours_predicted_beside_those_it_took(study: Study, make_point: Make) -> None:
    point, old = make_point(), make_point(seed=1)
    study.add([point, old], {point.id: SPECIFIED})
    file = study.directory(old.id) / "point.json"
    file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "predicted"}))
    _complete(study, old)
    study.note(point.id, State(status="completed", attempt=1))
    measured = {"train_seconds": 1500, "evaluate_seconds": 300}
    write_json_once(
        study.directory(point.id) / "result.json", {"metrics": {"top1": 90.0}, "measured": measured}
    )
    rows = {row["point"]: row for row in study.rows()}
    hours = ("predicted_hours", "predicted_from", "actual_hours")
    assert [rows[point.id][name] for name in hours] == [0.5, "specifications", 0.5]
    assert [rows[old.id][name] for name in hours] == [None, None, None]
    assert study.rows() == list(map(rows.get, sorted(rows)))


def test_another_task_is_refused(study: Study) -> None:
    with pytest.raises(
        Refused, match=r"belongs to another task \(mnist5k, top1\), not \(fashion_mnist, top1\)"
    ):
        Study.create(study.path, Task("fashion_mnist"))


def test_a_newer_schema_is_refused(study: Study) -> None:
    file = study.path / "study.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": SCHEMA + 1}))
    with pytest.raises(Refused, match=f"newer version .schema {SCHEMA + 1}"):
        Study.open(study.path)


def test_a_directory_that_is_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no study\.json"):
        Study.open(tmp_path)
    (tmp_path / "study.json").write_text("[]")
    with pytest.raises(Refused, match="holds no JSON object"):
        Study.open(tmp_path)


def test_the_history_keeps_the_commands(study: Study) -> None:
    study.remember("python sweep.py -m depth=8,14 plan=true", 2, None)
    study.remember("python sweep.py -m depth=8,14,20", 3, "0123456789abcdef")
    history = json.loads((study.path / "study.json").read_text())["history"]
    assert [entry["num_points"] for entry in history] == [2, 3]
    assert [entry["snapshot"] for entry in history] == [None, "0123456789abcdef"]


def test_no_line_of_launches_at_once_is_lost(study: Study) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: study.remember("python sweep.py", number, None), range(80)))
    history = json.loads((study.path / "study.json").read_text())["history"]
    assert sorted(entry["num_points"] for entry in history) == list(range(80))


def test_a_lock_that_another_user_made_can_be_held(another_user: int) -> None:
    """As in a study that a group shares."""
    with tempfile.TemporaryDirectory(dir="/tmp") as shared:
        os.chmod(shared, 0o777)
        lock = Path(shared) / "lock"
        lock.touch(0o644)
        os.seteuid(another_user)
        try:
            with locked(lock), lock.open() as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.seteuid(0)


def test_of_two_writers_one_commits(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert write_json_once(file, {"writer": 1})
    assert not write_json_once(file, {"writer": 2})
    assert json.loads(file.read_text()) == {"writer": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("study.json", '{"schema": "2"}'),
        ("study.json", "{}"),
        ("study.json", '{"schema": 1, "task": {"data": "mnist5k"}, "history": [1]}'),
        ("points/{id}/point.json", "{}"),
        ("points/{id}/point.json", '{"data": null, "family": 3, "model": {}}'),
    ],
)
def test_valid_json_that_is_no_study_is_refused(
    study: Study, make_point: Make, file: str, content: str
) -> None:
    point = make_point()
    study.add([point])
    (study.path / file.format(id=point.id)).write_text(content)
    with pytest.raises(Refused):
        Study.open(study.path).rows()


def test_odd_files_of_a_point_do_no_harm(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    directory = study.directory(point.id)
    (directory / "lease-x.json").write_text("{}")
    (directory / "status.json").write_text(
        '{"status": "failed", "failure": "killed", "message": ["x"], "epoch": null, "of_a_newer_version": 1}'
    )
    assert study.state(point.id) == State(status="failed", failure="killed")
    (directory / "status.json").write_text('{"status": ["failed"], "failure": {}}')
    assert study.state(point.id) == State()
