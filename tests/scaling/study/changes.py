"""Changes: what may happen to the files of a completed point, by its worker or by hand."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from scaling.study.files import write_json
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

Change = Callable[[Study, Point, float], None]


def complete(study: Study, point: Point, top1: float) -> None:
    study.note(point.id, State(status="completed", attempt=1, epoch=2))
    write_json(result_file(study, point), {"id": point.id, "metrics": {"top1": top1}, "measured": {}})


def result_file(study: Study, point: Point) -> Path:
    return study.directory(point.id) / "result.json"


def edit(study: Study, point: Point, top1: float) -> None:
    """By hand, in place."""
    with result_file(study, point).open("w") as file:
        json.dump({"metrics": {"top1": top1}}, file)


def damage(study: Study, point: Point, _: float) -> None:
    result_file(study, point).write_text("{half")


def remove_result(study: Study, point: Point, _: float) -> None:
    result_file(study, point).unlink()


def remove_point(study: Study, point: Point, _: float) -> None:
    shutil.rmtree(study.directory(point.id))


def fail(study: Study, point: Point, _: float) -> None:
    result_file(study, point).unlink()
    study.note(point.id, State(status="failed", failure="diverged", message="it did"))


def edit_point(study: Study, point: Point, top1: float) -> None:
    """Another seed under the same id, by hand, in place."""
    file = study.directory(point.id) / "point.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"seed": 100 + int(top1)}))


CHANGES: list[Change] = [complete, edit, damage, remove_result, remove_point, fail, edit_point]
