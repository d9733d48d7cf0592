"""A worker that loses its point, whatever it was about to write: it writes nothing and goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.study import lease
from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from scaling.training.attempt import Attempt
from scaling.training.failure import Recorded
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worker import run_point
from scaling.training.worklist import Terms

THEIRS = State(status="running", attempt=7, epoch=1, launch="theirs")


def _stopped() -> bool:
    return True


def _fails() -> bool:
    raise RuntimeError("the late worker fails")


def _goes_on() -> bool:
    return False


@pytest.mark.parametrize("then", [_stopped, _fails, _goes_on])
def test_a_worker_that_lost_its_point_notes_nothing_more(
    make_point: Callable[..., Point], tmp_path: Path, then: Callable[[], bool]
) -> None:
    point = make_point()
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    study.add([point])
    directory = study.directory(point.id)
    takers: list[lease.Lease] = []

    class LosingIt(Stop):
        def requested(self) -> bool:
            lose_it()
            return then()

    def lose_it() -> None:
        """Before the first step: the lease falls silent, and another one takes the point."""
        if not takers:
            silent_since = time.time() - lease.STALE_AFTER_S - 5
            os.utime(directory / "lease-000001.json", (silent_since, silent_since))
            taker = lease.acquire(directory)
            assert taker is not None
            study.note(point.id, THEIRS, taker)
            takers.append(taker)

    run_point(study, point.id, Terms(launch="mine", runtime=Runtime()), LosingIt())
    assert study.noted(point.id) == THEIRS
    assert "another worker has taken over" in (directory / "log.txt").read_text()
    left = {file.name for file in directory.iterdir() if not file.name.startswith("lease-")}
    assert left == {"point.json", "status.json", "log.txt"}
    assert takers[0].held()
    takers[0].release()


def test_a_point_may_be_answered_otherwise_than_by_training(
    make_point: Callable[..., Point], tmp_path: Path
) -> None:
    points = [make_point(seed=seed) for seed in range(2)]
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    study.add(points)
    terms = Terms(launch="mine", runtime=Runtime())

    def answer(attempt: Attempt) -> None:
        attempt.keep([{"epoch": 2, "top1": 50.0}])
        attempt.commit({"top1": 50.0}, {}, {"replayed": "a table"})

    def fail(attempt: Attempt) -> None:
        attempt.keep([{"epoch": 1, "top1": 10.0}])
        raise Recorded("diverged", "the table says so")

    for point, told in zip(points, (answer, fail), strict=True):
        run_point(study, point.id, terms, Stop(), answer=told)
        run_point(study, point.id, terms, Stop(), answer=told)  # does nothing more
    done, lost = (study.result(point.id) for point in points)
    assert (done.state.status, done.state.epoch, done.state.attempt) == ("completed", 2, 1)
    assert (done.metrics, done.replayed) == ({"top1": 50.0}, "a table")
    assert (lost.state.status, lost.state.epoch, lost.state.attempt) == ("failed", 1, 1)
    assert (lost.state.failure, lost.state.message) == ("diverged", "the table says so")
