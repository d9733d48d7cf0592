"""The index: what is read with it is what is read without it, whatever happened to the files."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling.errors import Refused
from scaling.study import index
from scaling.study.about import Task
from scaling.study.grid import Expansion
from scaling.study.plan import Site, make_plan
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from tests.scaling.study.changes import CHANGES, Change, complete, edit, result_file

Make = Callable[..., Point]
LONG_AGO = time.time() - 1000


def _rest(study: Study, since: float = LONG_AGO) -> None:
    """As if everything had been written then."""
    for path in (study.path / "points").rglob("*"):
        os.utime(path, (since, since))


def _truth(study: Study) -> list[dict[str, Any]]:
    """The rows, read from the files of the points alone."""
    return [study.result(point_id).row() for point_id in study.point_ids()]


def _kept(study: Study) -> list[str]:
    """The points whose rows are in the index, told by the file."""
    lines = (study.path / index.NAME).read_text().splitlines()[1::2]
    return sorted(point for line in lines for point in json.loads(line)["points"])


def _completed(path: Path, make_point: Make, num_points: int = 4) -> tuple[Study, list[Point]]:
    study = Study.create(path / "mine", Task("mnist5k"))
    points = [make_point(seed=seed) for seed in range(num_points)]
    study.add(points)
    for point in points:
        complete(study, point, 90.0 + point.seed % 10)
    _rest(study)
    return study, points


@pytest.fixture
def study(tmp_path: Path, make_point: Make) -> Study:
    """Four completed points at rest."""
    return _completed(tmp_path, make_point)[0]


@pytest.fixture
def points(make_point: Make) -> list[Point]:
    """Its points."""
    return [make_point(seed=seed) for seed in range(4)]


def test_a_warm_read_is_a_cold_read(study: Study) -> None:
    cold = study.rows()
    assert _kept(study) == study.point_ids()
    assert study.rows() == cold == _truth(study)
    assert [list(row) for row in study.rows()] == [list(row) for row in cold]


def test_a_warm_read_opens_no_file_of_a_point(study: Study) -> None:
    rows = study.rows()
    for file in study.path.glob("points/*/*.json"):
        stamps = file.stat()
        file.write_bytes(b"x" * stamps.st_size)  # a change that no stamp tells
        os.utime(file, ns=(stamps.st_atime_ns, stamps.st_mtime_ns))
    assert study.rows() == rows
    assert set(study.states(study.point_ids()).values()) == {State(status="completed")}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen(study: Study, points: list[Point], change: Change) -> None:
    before = study.rows()
    change(study, points[1], 12.5)
    after = study.rows()
    assert after == _truth(study) != before
    assert study.rows() == after
    _rest(study)
    assert study.rows() == study.rows() == after


@pytest.mark.parametrize("change", CHANGES)
def test_the_states_and_the_plan_see_it_too(study: Study, points: list[Point], change: Change) -> None:
    study.rows()
    change(study, points[1], 12.5)
    ids = [point.id for point in points]
    states = {point_id: state.status for point_id, state in study.states(ids).items()}
    assert states == {point_id: study.state(point_id).status for point_id in ids}
    site = Site(hours=lambda _: None, memory_gb=lambda point: point.cost.memory_gb, slots=1)
    plan = make_plan(study, Expansion(points), site)
    actions = {entry.point.id: entry.action for entry in plan.entries}
    assert [actions[point_id] for point_id in ids if states[point_id] == "completed"].count("skip") >= 3


def test_a_point_that_completes_later_is_kept_then(study: Study, make_point: Make) -> None:
    late = make_point(seed=9)
    study.add([late])
    assert len(study.rows()) == 5
    assert late.id not in _kept(study)
    complete(study, late, 99.0)
    _rest(study)
    rows = study.rows()
    assert late.id in _kept(study)
    assert study.rows() == rows == _truth(study)


def test_files_that_have_just_changed_are_not_trusted_yet(study: Study, points: list[Point]) -> None:
    for kept, age in ((True, 60.0), (False, 0.5), (False, -60.0)):  # the last from a clock that is ahead
        _rest(study, time.time() - age)
        study.rows()
        assert (points[0].id in _kept_or_none(study)) is kept, age


def _kept_or_none(study: Study) -> list[str]:
    return _kept(study) if (study.path / index.NAME).exists() else []


def _garbage(_: bytes) -> bytes:
    return bytes(random.Random(0).randbytes(500))


def _other_numbers(content: bytes) -> bytes:
    assert b"91.0" in content
    return content.replace(b"91.0", b"19.0")


def _other_head(key: str, value: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        head, _, body = content.partition(b"\n")
        return json.dumps(json.loads(head) | {key: value}).encode() + b"\n" + body.replace(b"91.0", b"19.0")

    return change


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda content: content[: len(content) // 2],
    "head alone": lambda content: content.partition(b"\n")[0],
    "garbage": _garbage,
    "other JSON": lambda _: b'{"schema": 1}\n[]\n',
    "deep JSON": lambda _: b"[" * 100_000,
    "other numbers": _other_numbers,
    "of other code": _other_head("code", "0" * 16),
    "of another schema": _other_head("schema", index.SCHEMA + 1),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_or_foreign_index_is_built_again(study: Study, damage: Callable[[bytes], bytes]) -> None:
    rows = study.rows()
    file = study.path / index.NAME
    good = file.read_bytes()
    file.write_bytes(damage(good))
    assert set(study.states(study.point_ids())) == set(study.point_ids())
    assert study.rows() == rows
    assert file.read_bytes() == good


def test_an_index_of_another_study_is_of_no_use(study: Study, tmp_path: Path, make_point: Make) -> None:
    other, points = _completed(tmp_path / "other", make_point)
    edit(other, points[0], 1.0)
    _rest(other, LONG_AGO + 1)
    study.rows()
    shutil.copy(study.path / index.NAME, other.path / index.NAME)
    assert other.rows() == _truth(other)


def test_a_study_that_takes_no_file_is_read_all_the_same(study: Study) -> None:
    (study.path / index.NAME / "in the way").mkdir(parents=True)
    assert study.rows() == study.rows() == _truth(study)
    assert sorted(path.name for path in study.path.iterdir()) == [index.NAME, "points", "study.json"]


def test_a_read_only_study_is_read_all_the_same(small_disk: Path, make_point: Make) -> None:
    study, _ = _completed(small_disk, make_point)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert study.rows() == study.rows() == _truth(study)
    assert not (study.path / index.NAME).exists()


def test_a_large_index_is_not_written_again_for_one_point(tmp_path: Path, make_point: Make) -> None:
    study, points = _completed(tmp_path, make_point, num_points=60)
    study.rows()
    file = study.path / index.NAME
    written = file.stat().st_ino
    edit(study, points[0], 1.0)
    assert study.rows() == _truth(study)
    assert file.stat().st_ino == written
    for point in points[:3]:
        edit(study, point, 2.0)
    assert study.rows() == _truth(study)
    assert file.stat().st_ino != written


def test_points_at_hand_are_not_written_again_and_damaged_ones_are(study: Study, points: list[Point]) -> None:
    study.rows()
    files = [study.directory(point.id) / "point.json" for point in points]
    before = [file.stat().st_ino for file in files]
    study.add(points)
    assert [file.stat().st_ino for file in files] == before
    files[0].write_text("{half")
    with pytest.raises(Refused, match="type the line that made the study again"):
        study.rows()
    study.add(points)
    assert study.point(points[0].id) == points[0]
    assert [file.stat().st_ino for file in files[1:]] == before[1:]


def test_rows_keep_their_own_columns(study: Study, points: list[Point]) -> None:
    """Those of clips have one more than those of images."""
    rows: dict[str, dict[str, Any]] = {
        points[0].id: {"status": "completed", "top1": 1.5},
        points[1].id: {"status": "completed", "frames": 8, "top1": None},
        points[2].id: {"status": "completed", "top1": 2.0},
    }
    first = index.Index(study.path)
    assert {point_id: first.row(point_id, rows.__getitem__) for point_id in rows} == rows
    first.write()
    again = index.Index(study.path)
    assert {point_id: again.row(point_id, lambda _: {}) for point_id in rows} == rows


@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from([*CHANGES, "rest", "read", "add"]),
            st.integers(0, 3),
            st.integers(0, 99),
        ),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_rows_are_those_of_the_files(
    tmp_path: Path, make_point: Make, changes: list[tuple[Any, int, int]]
) -> None:
    shutil.rmtree(tmp_path / "mine", ignore_errors=True)
    study, points = _completed(tmp_path, make_point)
    clock = LONG_AGO
    for change, number, top1 in changes:
        clock += 1
        point = points[number]
        if change == "rest":
            _rest_of_changed(study, clock)
        elif change == "read":
            assert study.rows() == _truth(study)
        elif change == "add":
            study.add(points)
        elif result_file(study, point).exists() or change is complete:
            study.add([point])
            change(study, point, float(top1))
    assert study.rows() == _truth(study)


def _rest_of_changed(study: Study, since: float) -> None:
    """Let what has changed lately come to rest, each time at a time of its own."""
    for path in (study.path / "points").rglob("*"):
        if path.stat().st_mtime > LONG_AGO + 500:
            os.utime(path, (since, since))
