"""What is noted of points whose Slurm jobs are gone, from the files of real studies. No cluster is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from launchers.slurm.classes import JobClass, Resources
from launchers.slurm.queue import Queued, queued_points
from launchers.slurm.reconcile import note_losses
from launchers.slurm.record import Record
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.launch import Launch
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

RESOURCES = Resources(nodes=1, tasks_per_node=1, cpus_per_task=1, gpus_per_node=0, mem_gb=1.0, timeout_min=15)
WAITING = Queued(job="13_0", state="pending", reason="Priority")


@pytest.fixture
def study(tmp_path: Path, make_point: Callable[..., Point]) -> Study:
    """Of one point."""
    study = Study.create(tmp_path / "study", Task("mnist5k"))
    study.add([make_point()])
    return study


def record_of(study: Study, launch: str, *, is_submitted: bool = True) -> Record:
    """A class of the study's point."""
    folder = Launch(study.path, launch).folder
    folder.mkdir(parents=True, exist_ok=True)
    job_class = JobClass(name="class-1", resources=RESOURCES, point_ids=tuple(study.point_ids()))
    return Record(
        file=folder / "class-1.json",
        user="root",
        job_class=job_class,
        num_jobs=1,
        job_ids=("12",),
        is_submitted=is_submitted,
    )


def note(study: Study, state: State) -> str:
    """Note it of the study's point; its id."""
    [point_id] = study.point_ids()
    held = lease.acquire(study.directory(point_id))
    assert held is not None
    with held:
        study.note(point_id, state, held)
    return point_id


def test_a_point_without_a_job_is_lost(study: Study) -> None:
    point_id = note(study, State(status="running", attempt=1, launch="a", job="12_0"))
    note_losses(study, [(record_of(study, "a"), [])], [point_id])
    noted = study.noted(point_id)
    assert (noted.status, noted.failure) == ("failed", "killed")


def test_the_newest_launch_speaks_for_a_point(study: Study) -> None:
    """The job of the newer launch waits to be started again; the older one's jobs are long gone."""
    point_id = note(study, State(status="running", attempt=1, launch="b", job="13_0"))
    queue = [(record_of(study, "a"), []), (record_of(study, "b"), [WAITING])]
    note_losses(study, queue, [point_id])
    assert study.noted(point_id).status == "running"
    assert list(queued_points(study, queue)) == [point_id]


def test_a_job_of_an_older_launch_may_have_the_point(study: Study) -> None:
    """Two lines at once: the newer one's jobs found it taken, and ended."""
    point_id = note(study, State(status="pending", attempt=1, launch="a", job="13_0"))
    queue = [(record_of(study, "a"), [WAITING]), (record_of(study, "b"), [])]
    note_losses(study, queue, [point_id])
    assert study.noted(point_id).status == "pending"


def test_a_point_that_was_interrupted_elsewhere_since_is_not_lost(study: Study) -> None:
    point_id = note(study, State(status="pending", attempt=2, launch="b"))
    note_losses(study, [(record_of(study, "a"), [])], [point_id])
    assert study.noted(point_id).status == "pending"


def test_a_point_that_its_jobs_never_came_to_has_failed(study: Study) -> None:
    [point_id] = study.point_ids()
    note_losses(study, [(record_of(study, "a"), [])], [point_id])
    noted = study.noted(point_id)
    assert (noted.status, noted.failure, noted.launch) == ("failed", "killed", "a")
    assert "see the logs in" in str(noted.message)


@pytest.mark.parametrize("is_submitted", [False, True])
def test_a_launch_that_submits_or_was_stopped_has_lost_nothing(study: Study, is_submitted: bool) -> None:
    [point_id] = study.point_ids()
    record = record_of(study, "a", is_submitted=is_submitted)
    if is_submitted:
        Launch(study.path, "a").stop("")
    note_losses(study, [(record, [])], [point_id])
    assert study.noted(point_id) == State()


def test_jobs_of_a_stopped_launch_hold_no_points(study: Study) -> None:
    record = record_of(study, "a")
    assert len(queued_points(study, [(record, [WAITING])])) == 1
    Launch(study.path, "a").stop("")
    assert queued_points(study, [(record, [WAITING])]) == {}


def test_a_point_marked_to_be_run_again_waits_for_no_job(study: Study) -> None:
    failed = State(status="failed", failure="diverged", attempt=1, launch="older")
    point_id = note(study, replace(failed, status="pending", launch=None))
    assert queued_points(study, [(record_of(study, "a"), [WAITING])]) == {}
    note_losses(study, [(record_of(study, "a"), [])], [point_id])
    assert study.noted(point_id).is_marked
