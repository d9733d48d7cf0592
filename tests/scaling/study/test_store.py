"""The study directory: what is read back, what is refused, what is set aside."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scaling.errors import Refused
from scaling.profile.profiles import Profile, cpu_name
from scaling.profile.timing import Measured, Timing
from scaling.profile.workload import training_step
from scaling.study import lease
from scaling.study.files import write_json_once
from scaling.study.plan import make_plan
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import SCHEMA, Study, Task

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


def _action(study: Study, point: Point) -> tuple[str, str]:
    entry = make_plan(study, [point]).entries[0]
    return entry.action, entry.why


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


def test_an_unreadable_result_is_set_aside_and_the_point_runs_again(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    _complete(study, point)
    file = study.directory(point.id) / "result.json"
    file.write_text("")
    action, why = _action(study, point)
    assert action == "run"
    assert "not valid JSON" in why
    study.clear_unreadable(point.id)
    assert not file.exists()
    assert (file.parent / "result.json.corrupt-0").exists()


def test_another_task_is_refused(study: Study) -> None:
    with pytest.raises(Refused, match=r"is of another task \(mnist5k, top1\), not \(fashion_mnist, top1\)"):
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
    study.remember("python sweep.py -m depth=8,14", 2)
    study.remember("python sweep.py -m depth=8,14,20", 3)
    history = json.loads((study.path / "study.json").read_text())["history"]
    assert [entry["num_points"] for entry in history] == [2, 3]


def test_of_two_writers_one_commits(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert write_json_once(file, {"writer": 1})
    assert not write_json_once(file, {"writer": 2})
    assert json.loads(file.read_text()) == {"writer": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_what_is_done_with_each_state(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    assert _action(study, point) == ("run", "new")
    failed = State(status="failed", attempt=1, message="it broke", code=code_digest())
    expected = {
        "out_of_memory": "retry",
        "killed": "retry",
        "preempted": "retry",
        "data_error": "retry",
        "diverged": "skip",
        "code_error": "skip",
    }
    for failure, action in expected.items():
        study.note(point.id, replace(failed, failure=failure))  # type: ignore[arg-type]
        assert _action(study, point)[0] == action, failure
        assert "it broke" in _action(study, point)[1]
    study.note(point.id, replace(failed, failure="code_error", code="0" * 16))
    assert _action(study, point)[0] == "retry"
    _complete(study, point)
    assert _action(study, point) == ("skip", "done")


def test_a_running_point_is_waited_for_and_a_dead_one_goes_on(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    held = lease.acquire(study.directory(point.id))
    assert held is not None
    study.note(point.id, State(status="running", attempt=1, epoch=1))
    assert _action(study, point)[0] == "wait"
    assert study.state(point.id).status == "running"
    held.release()
    assert study.state(point.id).failure == "killed"
    assert _action(study, point)[0] == "retry"


def test_the_plan_is_dearest_first_and_written_as_csv(study: Study, make_point: Make) -> None:
    points = [make_point(epochs=epochs) for epochs in (1, 4, 2)]
    study.add(points)
    plan = make_plan(study, points)
    assert [point.epochs for point in plan.to_run] == [4, 2, 1]
    plan.write(study.path / "plan.csv")
    lines = (study.path / "plan.csv").read_text().splitlines()
    assert lines[0].startswith("point,depth,width,resolution,epochs,seed,params,flops,")
    assert len(lines) == 4


def test_a_plan_tells_the_hours_of_networks_that_were_measured(
    study: Study, make_point: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCALING_STUDY_PROFILES", str(tmp_path / "profiles"))
    points = [make_point(epochs=4), make_point(epochs=2), make_point(width=1.0)]
    study.add(points)
    timing = Timing(latency_ms=500.0, low_ms=400.0, high_ms=600.0, num_repeats=11)
    measured = Measured(timing=timing, images_per_second=256.0, peak_memory_gb=None)
    Profile(cpu_name(1), 1).put(training_step(points[0]), measured)
    hours = 4 * (3500 // 128) * 0.5 / 3600
    here = Profile(cpu_name(1), 1)
    plan = make_plan(study, points, here.step_seconds)
    assert [entry.hours for entry in plan.entries] == pytest.approx([hours, hours / 2, None])
    assert sum(plan.known_hours) == pytest.approx(1.5 * hours)
    assert make_plan(study, points).known_hours == []
    assert make_plan(study, points, Profile(cpu_name(2), 2).step_seconds).known_hours == []
    plan.write(study.path / "plan.csv")
    lines = [line.split(",") for line in (study.path / "plan.csv").read_text().splitlines()]
    column = lines[0].index("hours")
    assert [line[column] for line in lines[1:]] == [f"{hours:.6g}", f"{hours / 2:.6g}", ""]
    _complete(study, points[0])
    assert make_plan(study, points, here.step_seconds).known_hours == pytest.approx([hours / 2])


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("study.json", '{"schema": "2"}'),
        ("study.json", "{}"),
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
        '{"status": "failed", "failure": "killed", "of_a_newer_version": 1}'
    )
    (directory / "result.json").write_text('{"metrics": null}')
    (row,) = study.rows()
    assert (row["status"], row["top1"]) == ("completed", None)
