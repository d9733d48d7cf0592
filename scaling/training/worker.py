"""A worker: runs the points of a list, one after another, each under a lease, until none is left."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import psutil

from scaling.study import lease
from scaling.study.files import writing_below
from scaling.study.job import job_id
from scaling.study.launch import Launch
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study
from scaling.training import garbage
from scaling.training.attempt import Attempt, Row
from scaling.training.stop import Stop
from scaling.training.worklist import Terms, WorkList

if TYPE_CHECKING:
    from scaling.training.processes import Processes

LOOK_AGAIN_S = 0.2
"""Pause of a worker that has no memory for any of its points."""
LEAK_FACTOR = 2.0
"""A process that holds more than this multiple of the largest estimate of its points so far leaks memory."""

log = logging.getLogger(__name__)


def work(todo: WorkList, processes: Processes | None = None) -> None:
    """Run every point of the list that nobody else runs. A failed point is noted and does not affect others.

    Points that do not fit in memory wait while later ones run. A process that leaks memory ends and leaves
    the rest to another one.
    """
    stop = stop_of(todo)
    study = Study.open(todo.study)
    with stop.on_signals(signal.SIGTERM, signal.SIGUSR2):
        for point_id in _with_room(todo, stop):
            run_point(study, point_id, todo.terms, stop, processes=processes)


def stop_of(todo: WorkList) -> Stop:
    """The request to stop that a worker of this list obeys."""
    launch = Launch(todo.study, todo.terms.launch)
    return Stop(file=launch.stop_file, launcher=todo.launcher, deadline=todo.deadline)


def _with_room(todo: WorkList, stop: Stop) -> Iterator[str]:
    """Yield each point once it fits in memory, until none is left, a stop is requested, or memory leaks."""
    left, room, largest_gb = dict.fromkeys(todo.point_ids), todo.room, 0.0
    while left and not stop.requested():
        with writing_below(todo.study):
            point_id = next(iter(left)) if room is None else room.take(left)
        if point_id is None:
            time.sleep(LOOK_AGAIN_S)
            continue
        del left[point_id]
        yield point_id
        if room is not None:
            with writing_below(todo.study):
                room.leave()
            largest_gb = max(largest_gb, room.needs_gb[point_id])
            if todo.terms.runtime.device == "cpu" and _has_leaked(largest_gb):
                return


def _has_leaked(largest_gb: float) -> bool:
    resident_gb = psutil.Process().memory_info().rss / 1e9
    if resident_gb <= LEAK_FACTOR * largest_gb:
        return False
    log.warning("%.3g GB are left from points that take %.3g at most: ending", resident_gb, largest_gb)
    return True


def run_point(
    study: Study,
    point_id: str,
    terms: Terms,
    stop: Stop,
    *,
    on_epoch: Callable[[list[Row]], None] | None = None,
    processes: Processes | None = None,
    answer: Callable[[Attempt], None] | None = None,
) -> None:
    """Bring one point to its end by training, or by `answer`, unless it has ended or another worker runs it.

    Raises Unwritable if the study cannot be written to; every other error is noted as the point's failure.
    """
    with writing_below(study.path):
        if _has_ended(study, point_id, terms.launch):
            return
        held = lease.acquire(study.directory(point_id))
        if held is None:
            return
        with held:
            study.clear_unreadable(point_id)
            if _has_ended(study, point_id, terms.launch):  # while we waited for the lease
                return
            launch = Launch(study.path, terms.launch)
            before = study.noted(point_id)
            begun = _begun(before, terms)
            if begun.job is not None:
                launch.note_taken(begun.job, point_id)
            if begun.requeues > terms.policy.max_requeues:
                ended = replace(_given_up(before), job=begun.job)
                study.note(point_id, ended, held)
            else:
                bring_to_end = answer or partial(_train, processes=processes)
                ended = Attempt(study, point_id, held, terms, stop, bring_to_end, on_epoch).run(begun)
        if answer is None:  # an answer leaves too little garbage to be worth a collection
            garbage.free()
        if ended.status in ("completed", "failed"):
            launch.note_end(point_id, ended, terms.policy.same_failure_limit)


def _train(attempt: Attempt, processes: Processes | None) -> None:
    os.environ["OMP_NUM_THREADS"] = str(attempt.terms.runtime.threads)  # read when torch is first imported
    with garbage.importing():
        from scaling.training.training_attempt import train
    train(attempt, processes)


def _has_ended(study: Study, point_id: str, launch: str) -> bool:
    if study.state(point_id).status == "completed":
        return True
    noted = study.noted(point_id)
    return noted.status == "failed" and noted.launch == launch


def _begun(before: State, terms: Terms) -> State:
    """The state of a point that starts, or resumes from `before`."""
    return State(
        status="running",
        attempt=before.attempt + 1,
        epoch=before.epoch,
        launch=terms.launch,
        requeues=before.requeues + 1 if before.launch == terms.launch else 0,
        job=job_id(),
        code=code_digest(),
    )


def _given_up(before: State) -> State:
    """The failed state of a point that was stopped or killed more often than allowed."""
    failure = before.failure if before.status == "pending" and before.failure else "killed"
    times = f"{before.requeues + 1} times, the last time after epoch {before.epoch}"
    return replace(before, status="failed", failure=failure, message=f"it was stopped or killed {times}")
