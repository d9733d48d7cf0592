"""Spending: what counts as spent in a study, never less than the real cost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from control.spending import Spending
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import write_json_once
from scaling.study.plan import Plan, Planned
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study.create(tmp_path / "mine", Task("mnist5k"))


def _planned(point: Point, action: str = "run") -> Planned:
    return Planned(point=point, action=action, why="", hours=None, memory_gb=1.0)  # type: ignore[arg-type]


def test_what_ended_or_runs_counts_in_full_and_what_was_stopped_as_far_as_it_came(
    study: Study, make_point: Callable[..., Point]
) -> None:
    points = [make_point(seed=seed, epochs=4) for seed in range(9)]
    completed, reused, failed, running, queued, stopped, dominated, dropped, new = points
    study.add(points)
    for point, more in ((completed, {}), (reused, {"origin": {"study": "other"}}), (dropped, {})):
        study.note(point.id, State(status="completed"))
        write_json_once(study.directory(point.id) / "result.json", {"metrics": {"top1": 90.0}, **more})
    study.note(failed.id, State(status="failed", failure="diverged", attempt=1, epoch=1))
    study.note(dominated.id, State(status="failed", failure="dominated", attempt=1, epoch=2))
    study.note(stopped.id, State(status="pending", attempt=1, epoch=1))
    held = lease.acquire(study.directory(running.id))
    assert held is not None
    with held:
        study.note(running.id, State(status="running", attempt=1), held)
        plan = Plan(
            [
                *map(_planned, (completed, reused, failed, running, stopped, dominated, new)),
                _planned(queued, "wait"),
                _planned(dropped, "drop"),
            ],
            slots=1,
        )
        one = new.cost.train_flops
        spending = Spending(study)
        assert spending.of(plan) == one * (4 + 1 / 4 + 2 / 4)
        assert spending.of(plan) == one * (4 + 1 / 4 + 2 / 4)  # a second time, from the cache


def test_a_study_that_nobody_has_begun_has_spent_nothing(
    study: Study, make_point: Callable[..., Point]
) -> None:
    assert Spending(study).of(Plan([_planned(make_point())], slots=1)) == 0
