"""Reuse: a result of another study is taken over with its origin, and whatever is wrong with one is not."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scaling.errors import Refused
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import write_json
from scaling.study.grid import Expansion
from scaling.study.plan import Plan, Site, Wishes, make_plan
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.reuse import origins, take_over
from scaling.study.store import Study

Make = Callable[..., Point]

RESULT = {"metrics": {"top1": 90.0}, "measured": {"train_seconds": 2.0}}
CURVE = '{"epoch": 1}\n{"epoch": 2}\n'
SITE = Site(hours=lambda _: None, memory_gb=lambda _: 0.1, slots=1)


@pytest.fixture
def point(make_point: Make) -> Point:
    return make_point()


@pytest.fixture
def mine(tmp_path: Path, point: Point) -> Study:
    """A study that has the point, and no result."""
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    study.add([point])
    return study


@pytest.fixture
def make_other(tmp_path: Path, point: Point) -> Callable[..., Study]:
    """Another study, in which the point is done."""

    def make(name: str = "other", **result: Any) -> Study:
        study = Study.create(tmp_path / name, Task("mnist5k"))
        study.add([point])
        directory = study.directory(point.id)
        write_json(directory / "result.json", {"id": point.id, **RESULT, **result})
        (directory / "metrics.jsonl").write_text(CURVE)
        study.note(point.id, State(status="completed", attempt=2, epoch=2))
        return study

    return make


@pytest.fixture
def other(make_other: Callable[..., Study]) -> Study:
    return make_other()


def _plan(study: Study, points: list[Point], *patterns: object) -> Plan:
    found = origins(map(str, patterns), study, points)
    return make_plan(study, Expansion(points), SITE, Wishes(origins=found))


def _content(study: Study, point: Point) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((study.directory(point.id) / "result.json").read_text())
    return content


def test_a_result_is_taken_over_with_its_origin_and_is_not_trained_again(
    mine: Study, other: Study, point: Point, make_point: Make
) -> None:
    unknown = make_point(seed=1)
    plan = _plan(mine, [point, unknown], other.path)
    assert [(entry.action, entry.origin) for entry in plan.entries] == [("skip", other.path), ("run", None)]
    assert plan.entries[0].why == f"done in {other.path}"
    assert plan.to_run == [unknown]

    assert take_over(mine, point, other)
    assert _content(mine, point) == {"id": point.id, "origin": {"study": str(other.path)}, **RESULT}
    assert mine.state(point.id) == State(status="completed", attempt=2, epoch=2)
    assert mine.result(point.id).row()["top1"] == 90.0
    assert lease.live_holder(mine.directory(point.id)) is None
    (entry,) = _plan(mine, [point], other.path).entries
    assert (entry.action, entry.why) == ("skip", "done")
    assert "origin" not in _content(other, point)


def test_the_learning_curve_is_a_link(mine: Study, other: Study, point: Point) -> None:
    ours = mine.directory(point.id) / "metrics.jsonl"
    ours.write_text("of a run that was killed\n")
    assert take_over(mine, point, other)
    assert ours.read_text() == CURVE
    assert ours.samefile(other.directory(point.id) / "metrics.jsonl")


def test_the_learning_curve_is_a_copy_on_another_disk_that_may_be_read_only(
    mine: Study, other: Study, point: Point, small_disk: Path
) -> None:
    far = Study.create(small_disk / "far", Task("mnist5k"))
    far.add([point])
    assert take_over(far, point, other)
    assert (far.directory(point.id) / "metrics.jsonl").read_text() == CURVE
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert origins([str(far.path)], mine, [point]) == {point.id: far.path}
    assert take_over(mine, point, far)
    assert (mine.directory(point.id) / "metrics.jsonl").read_text() == CURVE
    assert _content(mine, point)["origin"] == {"study": str(other.path)}


def test_the_learning_curve_is_a_copy_where_a_link_is_not_allowed(
    mine: Study, other: Study, point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def refuse_curves(source: Any, target: Any) -> None:
        if Path(source).name == "metrics.jsonl":
            raise PermissionError(1, "Operation not permitted")
        link(source, target)

    monkeypatch.setattr(os, "link", refuse_curves)
    assert take_over(mine, point, other)
    ours = mine.directory(point.id) / "metrics.jsonl"
    assert ours.read_text() == CURVE
    assert not ours.samefile(other.directory(point.id) / "metrics.jsonl")


def test_a_result_without_a_learning_curve_is_taken_over(mine: Study, other: Study, point: Point) -> None:
    (other.directory(point.id) / "metrics.jsonl").unlink()
    assert take_over(mine, point, other)
    assert not (mine.directory(point.id) / "metrics.jsonl").exists()


def test_the_origin_is_where_it_was_trained_however_often_it_is_reused(
    mine: Study, other: Study, point: Point, tmp_path: Path
) -> None:
    assert take_over(mine, point, other)
    third = Study.create(tmp_path / "third", Task("mnist5k"))
    third.add([point])
    assert _plan(third, [point], mine.path).entries[0].origin == mine.path
    assert take_over(third, point, mine)
    assert _content(third, point)["origin"] == {"study": str(other.path)}


def test_the_first_study_that_has_it_is_taken(
    mine: Study, make_other: Callable[..., Study], point: Point
) -> None:
    first, second = (make_other(name, metrics={"top1": top1}) for name, top1 in (("b", 1.0), ("a", 2.0)))
    found = origins([str(first.path), str(second.path)], mine, [point])
    assert found == {point.id: first.path}
    assert origins([f"{mine.path.parent}/*"], mine, [point]) == {point.id: second.path}, "in order of names"
    (second.directory(point.id) / "result.json").write_text("")
    assert origins([f"{mine.path.parent}/*"], mine, [point]) == {point.id: first.path}, "that can be read"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("result.json", '{"metr'),
        ("result.json", "[]"),
        ("result.json", ""),
        ("point.json", '{"metr'),
        ("point.json", "{}"),
    ],
)
def test_what_cannot_be_read_is_not_reused_and_the_point_runs(
    mine: Study, other: Study, point: Point, caplog: pytest.LogCaptureFixture, file: str, content: str
) -> None:
    (other.directory(point.id) / file).write_text(content)
    (entry,) = _plan(mine, [point], other.path).entries
    assert (entry.action, entry.why) == ("run", "new")
    assert f"{point.id} is not taken over from {other.path}: " in caplog.text
    assert not take_over(mine, point, other)
    assert not (mine.directory(point.id) / "result.json").exists()


def test_a_directory_that_lies_about_its_id_is_not_reused(
    mine: Study, other: Study, point: Point, make_point: Make, caplog: pytest.LogCaptureFixture
) -> None:
    wished = make_point(seed=1)
    mine.add([wished])
    other.directory(point.id).rename(other.directory(wished.id))
    (entry,) = _plan(mine, [wished], other.path).entries
    assert entry.action == "run"
    assert not take_over(mine, wished, other)
    assert f"{wished.id}/point.json belongs to another point" in caplog.text


def test_a_result_that_came_meanwhile_stays(mine: Study, other: Study, point: Point) -> None:
    write_json(mine.directory(point.id) / "result.json", {"metrics": {"top1": 1.0}})
    mine.note(point.id, State(status="completed", attempt=7))
    take_over(mine, point, other)
    assert _content(mine, point) == {"metrics": {"top1": 1.0}}
    assert mine.noted(point.id).attempt == 7


def test_a_point_that_runs_here_now_is_left_to_run(mine: Study, other: Study, point: Point) -> None:
    held = lease.acquire(mine.directory(point.id))
    assert held is not None
    with held:
        mine.note(point.id, State(status="running", attempt=1, epoch=1))
        (entry,) = _plan(mine, [point], other.path).entries
        assert (entry.action, entry.origin) == ("wait", None)
        assert not take_over(mine, point, other)
        assert held.held()
    assert not (mine.directory(point.id) / "result.json").exists()
    assert not (mine.directory(point.id) / "metrics.jsonl").exists()


def _newer(study: Study) -> None:
    file = study.path / "study.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 99}))


def test_a_study_of_a_newer_schema_is_refused_by_name(mine: Study, other: Study, point: Point) -> None:
    _newer(other)
    with pytest.raises(Refused) as refusal:
        origins([str(other.path)], mine, [point])
    assert str(refusal.value) == (
        f"reuse={other.path}: {other.path} was written by a newer version (schema 99, this one reads up to "
        "1): update scaling-study."
    )


def test_a_study_of_a_newer_schema_that_a_pattern_matches_is_left_out(
    mine: Study, make_other: Callable[..., Study], point: Point, caplog: pytest.LogCaptureFixture
) -> None:
    newer, good = make_other("a"), make_other("b")
    _newer(newer)
    with caplog.at_level(logging.WARNING):
        assert origins([f"{mine.path.parent}/*"], mine, [point]) == {point.id: good.path}
    assert f"{newer.path} is not reused: {newer.path} was written by a newer version" in caplog.text


def test_patterns_pass_over_what_is_no_study(mine: Study, other: Study, point: Point) -> None:
    (mine.path.parent / "a directory").mkdir()
    (mine.path.parent / "a file").touch()
    assert origins([f"{mine.path.parent}/*"], mine, [point]) == {point.id: other.path}
    assert origins([f"{mine.path.parent}/nothing*", "/nowhere/*"], mine, [point]) == {}
    assert origins([], mine, [point]) == {}


@pytest.mark.parametrize("path", ["/nowhere", "a directory", "a file"])
def test_a_directory_that_is_no_study_is_refused_by_name(
    mine: Study, point: Point, tmp_path: Path, path: str
) -> None:
    (tmp_path / "a directory").mkdir()
    (tmp_path / "a file").touch()
    with pytest.raises(Refused, match=f"^reuse=.*{path}: .* is not a study: there is no study.json in it.$"):
        origins([str(tmp_path / path)], mine, [point])


def test_the_study_itself_is_passed_over(mine: Study, point: Point, tmp_path: Path) -> None:
    write_json(mine.directory(point.id) / "result.json", {"id": point.id, **RESULT})
    (tmp_path / "alias").symlink_to(mine.path)
    for pattern in (mine.path, tmp_path / "*", tmp_path / "alias", f"{mine.path}/../mine/"):
        assert origins([str(pattern)], mine, [point]) == {}


@pytest.mark.parametrize("pattern", ["~/other", "~/*"])
def test_a_tilde_is_the_home_directory(
    mine: Study, other: Study, point: Point, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setenv("HOME", str(other.path.parent))
    assert origins([pattern], mine, [point]) == {point.id: other.path}


def test_points_that_cannot_be_read_are_not_reused(make_point: Make, point: Point, another_user: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as shared:
        mine, closed, good = (Study.create(Path(shared) / name, Task("mnist5k")) for name in ("m", "a", "b"))
        for study in (closed, good):
            study.add([point, make_point(seed=1)])
            write_json(study.directory(point.id) / "result.json", {"id": point.id, **RESULT})
        (closed.path / "points").chmod(0o700)
        os.chmod(shared, 0o755)
        os.seteuid(another_user)
        try:
            found = origins([f"{shared}/*"], mine, [point])
        finally:
            os.seteuid(0)
    assert found == {point.id: good.path}
