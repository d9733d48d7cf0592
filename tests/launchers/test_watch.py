"""What the launcher believes of its points, from files alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from launchers.watch import Watch
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import write_json_once
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

Make = Callable[..., Point]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "mine", Task("mnist5k"))


def test_points_are_free_held_or_ended(study: Study, make_point: Make) -> None:
    fresh, held, failed, finished = points = [make_point(seed=seed) for seed in range(4)]
    study.add(points)
    mine = lease.acquire(study.directory(held.id))
    assert mine is not None
    study.note(held.id, State(status="running", attempt=1, epoch=1, launch="now"))
    study.note(failed.id, State(status="failed", failure="diverged", attempt=1, launch="now"))
    study.note(finished.id, State(status="completed", attempt=1, launch="now"))
    write_json_once(study.directory(finished.id) / "result.json", {"metrics": {"top1": 90.0}})
    watch = Watch(study, points, "now")
    assert set(watch.free()) == {fresh.id}
    tally = watch.look()
    assert (tally.count("running"), tally.count("failed"), tally.count("completed")) == (1, 1, 1)
    assert 0.5 < tally.work_done < 1
    mine.release()
    assert set(watch.free()) == {fresh.id, held.id}


def test_a_failure_of_an_earlier_launch_is_no_end(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    study.note(point.id, State(status="failed", failure="killed", attempt=1, launch="before"))
    watch = Watch(study, [point], "now")
    assert set(watch.free()) == {point.id}
    assert not watch.ended()


def test_a_result_without_its_note_is_an_end(study: Study, make_point: Make) -> None:
    """The worker was killed between the two."""
    point = make_point()
    study.add([point])
    study.note(point.id, State(status="running", attempt=1, launch="now"))
    write_json_once(study.directory(point.id) / "result.json", {"metrics": {"top1": 90.0}})
    watch = Watch(study, [point], "now")
    assert watch.free() == {}
    assert watch.look().count("completed") == 1


@pytest.mark.parametrize("content", [None, "half a resu"])
def test_a_note_without_its_result_is_no_end(study: Study, make_point: Make, content: str | None) -> None:
    point = make_point()
    study.add([point])
    study.note(point.id, State(status="completed", attempt=1, launch="before"))
    if content is not None:
        (study.directory(point.id) / "result.json").write_text(content)
    watch = Watch(study, [point], "now")
    watch.look()
    assert set(watch.free()) == {point.id}
    assert study.state(point.id).status == "pending"
