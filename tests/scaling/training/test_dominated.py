"""A point that is told that it cannot matter stops at an evaluation, and can be run to its end after that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from control.retry import mark_again
from scaling.study.about import Task
from scaling.study.action import decide
from scaling.study.point import Point
from scaling.study.stopping import Stopping, tell_to_stop, told_to_stop, was_stopped
from scaling.study.store import Study
from scaling.training.checkpoint import Checkpoint
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worker import run_point
from scaling.training.worklist import Terms
from tests.scaling.training.pool import Pool
from tests.scaling.training.test_loop import without_times

MakePoint = Callable[..., Point]
Row = dict[str, float]
WHY = "its final accuracy stays below that of a cheaper model"


def _study(path: Path, point: Point) -> Study:
    study = Study.create(path, Task("mnist5k"))
    study.add([point])
    return study


def _run(study: Study, point: Point, launch: str, *, told_after: int = 0) -> list[Row]:
    """Run the point, telling it to stop when this epoch is behind it; its latest rows."""
    rows: list[Row] = []

    def keep(latest: list[Row]) -> None:
        rows[:] = latest
        if len(latest) == told_after:
            tell_to_stop(study.directory(point.id), WHY)

    terms = Terms(launch=launch, runtime=Runtime(checkpoint_every_s=1e9))
    run_point(study, point.id, terms, Stop(), on_epoch=keep)
    return rows


def test_it_stops_at_an_evaluation_and_a_retry_ends_bit_for_bit_the_same(
    make_point: MakePoint, tmp_path: Path
) -> None:
    point = make_point(epochs=4)
    whole = _study(tmp_path / "whole", point)
    rows = _run(whole, point, "first")
    study = _study(tmp_path / "stopped", point)
    assert len(_run(study, point, "first", told_after=2)) == 2
    directory, noted = study.directory(point.id), study.noted(point.id)
    assert (noted.status, noted.failure, noted.message, noted.epoch) == ("failed", "dominated", WHY, 2)
    saved = Checkpoint(directory / "checkpoint.pt").load()
    assert saved is not None
    assert saved["step"] == 2 * point.steps_per_epoch
    assert was_stopped(directory)
    assert told_to_stop(directory) is None

    action, why = decide(study, point.id, study.state(point.id), None)
    assert action == "skip"
    assert f"(an outcome, kept; python -m control retry {study.path} --failure dominated trains it" in why
    assert mark_again(study, point.id)
    again = _run(study, point, "second")
    assert without_times(again) == without_times(rows)
    assert study.result(point.id).metrics == whole.result(point.id).metrics


def test_it_stops_where_its_curve_is_known(make_point: MakePoint, tmp_path: Path) -> None:
    """Of 40 epochs every other one ends with an evaluation."""
    point = make_point(num_train=32, epochs=40)
    assert len(_run(_study(tmp_path / "study", point), point, "first", told_after=5)) == 6


def test_at_its_end_it_is_completed(make_point: MakePoint, tmp_path: Path) -> None:
    point = make_point()
    study = _study(tmp_path / "study", point)
    _run(study, point, "first", told_after=2)
    assert study.state(point.id).status == "completed"


def test_several_processes_stop_together_and_go_on_with_the_next_point(
    make_point: MakePoint, tmp_path: Path
) -> None:
    told, other = make_point(norm_batch=8), make_point(norm_batch=8, seed=1)
    pool = Pool(tmp_path / "study", told, other, size=2)
    tell_to_stop(pool.study.directory(told.id), WHY)
    pool.start()
    assert pool.ended() == [0, 0]
    states = {each.id: pool.study.state(each.id) for each in (told, other)}
    assert (states[told.id].failure, states[told.id].epoch) == ("dominated", 1)
    assert states[other.id].status == "completed"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"rungs": ()}, r"stop.rungs=\[\] should be shares of a point's epochs between 0 and 1"),
        ({"rungs": (0.5, 1.0)}, r"stop.rungs=\[0.5, 1.0\] should be"),
        ({"confidence": 0.5}, r"stop.confidence=0.5 must be at least 0.95 and below 1"),
        ({"confidence": 1.0}, "stop.confidence=1 must be"),
        ({"spared": 2.0}, "stop.spared=2 must be a share of the points, 0 to 1"),
    ],
)
def test_what_it_cannot_be_is_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Stopping(**settings)
