"""The survey agrees with the study's own rows, and reads points again only when they have changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from control.frontier import frontier_so_far
from control.point import Seen
from control.survey import Survey
from scaling.errors import Refused
from scaling.study.about import Task
from scaling.study.files import write_json
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from tests.control.conftest import Said

pytestmark = pytest.mark.xdist_group("control")


@pytest.fixture
def study(finished: Path, tmp_path: Path) -> Study:
    return Study.open(shutil.copytree(finished, tmp_path / "mine"))


def _check(seen: Seen, row: dict[str, object]) -> None:
    names = ("model", "data", "setting", "flops", "train_flops", "train_seconds", "predicted_hours")
    for name in (*names, "status", "failure", "message"):
        assert getattr(seen, name) == row[name], name
    assert (seen.metric, seen.accuracy) == ("top1", row["top1"])
    assert seen.axes == {name: row[name] for name in seen.axes}
    assert (seen.id, len(seen.axes)) == (row["point"], 5)


def test_what_is_read_is_what_the_rows_say(study: Study) -> None:
    light = {seen.id: seen for seen in Survey(study).points()}
    rows = study.rows()
    assert len(rows) == len(light) == 10
    for row in rows:
        _check(light[row["point"]], row)
    assert {seen.epoch for seen in light.values()} == {0, 2}


def test_the_index_gives_the_same_points(study: Study) -> None:
    light = Survey(study).points()
    for file in study.path.glob("points/*"):
        os.utime(file, (time.time() - 60,) * 2)
    study.rows()
    assert (study.path / "index.jsonl").exists()
    for one, other in zip(light, Survey(study).points(), strict=True):
        for name in ("id", "axes", "setting", "status", "accuracy", "epoch", "ended", "flops"):
            assert getattr(one, name) == getattr(other, name), name


def test_what_changes_is_read_again_and_nothing_else(study: Study) -> None:
    survey = Survey(study)
    time.sleep(2.1)  # before that, another change could leave the same time stamp
    before = {seen.id: seen for seen in survey.points()}
    changed = next(seen.id for seen in before.values() if seen.failure)
    study.note(changed, State(status="running", attempt=2, epoch=1))
    after = {seen.id: seen for seen in survey.points()}
    assert (after[changed].status, after[changed].epoch) == ("running", 1)
    assert all(after[point_id] is before[point_id] for point_id in before if point_id != changed)


def test_a_lost_or_damaged_result_is_a_point_to_run(study: Study) -> None:
    lost, damaged = [seen.id for seen in Survey(study).points() if seen.status == "completed"][:2]
    (study.directory(lost) / "result.json").unlink()
    (study.directory(damaged) / "result.json").write_text("{")
    seen = {each.id: each for each in Survey(study).points()}
    assert seen[lost].status == seen[damaged].status == "pending"
    assert seen[lost].message == study.state(lost).message
    assert seen[damaged].message == study.state(damaged).message


def test_a_damaged_point_is_refused(study: Study) -> None:
    file = study.directory(study.point_ids()[0]) / "point.json"
    file.write_text("{")
    with pytest.raises(Refused, match="type the line that made the study again to repair it"):
        Survey(study).points()
    file.write_text("{}")
    with pytest.raises(Refused, match="is no point"):
        Survey(study).points()


def test_of_masks_the_accuracy_is_the_mean_iou(make_point: Callable[..., Point], tmp_path: Path) -> None:
    study = Study.create(tmp_path / "mine", Task("scenes"))
    one = make_point()
    point = replace(one, data=replace(one.data, masks=True))
    study.add([point])
    study.note(point.id, State(status="completed", epoch=2))
    write_json(study.directory(point.id) / "result.json", {"metrics": {"miou": 40.0}, "measured": {}})
    (seen,) = Survey(study).points()
    assert (seen.metric, seen.accuracy) == ("miou", 40)
    (member,) = frontier_so_far([seen], "mine")
    assert member.accuracy == pytest.approx(40)


def test_two_sets_of_files_of_one_name_have_a_frontier_each(
    two_sets: Study, say: Callable[[str], Said]
) -> None:
    """Mixed, the harder files would have no model on the frontier."""
    told = [(each.data, round(each.accuracy)) for each in frontier_so_far(Survey(two_sets).points(), "mine")]
    hard, easy = "mnist5k aaaaaaaa", "mnist5k bbbbbbbb"
    assert told == [(hard, 40), (hard, 45), (easy, 90), (easy, 92)]
    for file in two_sets.path.glob("points/*"):
        os.utime(file, (time.time() - 60,) * 2)
    two_sets.rows()  # writes the index
    assert len(frontier_so_far(Survey(two_sets).points(), "mine")) == 4
    said = say(f"watch {two_sets.path} --once")
    assert "Frontier so far: 4 models; the 2 data sets have a frontier each" in said.out
    assert re.search(f"{hard} .* 40\\.00 ", said.out)


def _change(study: Study, **changes: Any) -> Path:
    """The point.json of a point, changed."""
    file = study.directory(study.point_ids()[0]) / "point.json"
    write_json(file, json.loads(file.read_text()) | changes)
    return file


def test_a_point_of_before_predictions_is_seen(study: Study) -> None:
    file = _change(study)
    file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "predicted"}))
    assert [seen.predicted_hours for seen in Survey(study).points() if seen.id == file.parent.name] == [None]


@pytest.mark.parametrize(
    "changes",
    [
        {"width": []},
        {"depth": None},
        {"setting": {}},
        {"cost": []},
        {"predicted": {"hours": [1], "source": "x"}},
    ],
)
def test_what_is_no_point_is_refused_by_its_file(study: Study, changes: dict[str, Any]) -> None:
    file = _change(study, **changes)
    with pytest.raises(Refused, match=f"^{re.escape(str(file))} is no point "):
        Survey(study).points()


def test_what_is_no_result_is_no_end(study: Study) -> None:
    done = next(seen.id for seen in Survey(study).points() if seen.status == "completed")
    (study.directory(done) / "result.json").write_text("{}")
    (seen,) = (each for each in Survey(study).points() if each.id == done)
    assert seen.status == "pending"
    assert "is not a valid result" in str(seen.message)
