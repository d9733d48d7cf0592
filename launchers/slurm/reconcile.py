"""Reconciling: correcting the states of a study's points by what Slurm reports of their jobs."""

from __future__ import annotations

from collections.abc import Collection

from launchers.settle import settle
from launchers.slurm.client import ask
from launchers.slurm.fate import fate
from launchers.slurm.queue import Queue, queue_of, queued_points, without_job
from launchers.slurm.record import Record, records
from scaling.study import lease
from scaling.study.files import Unwritable, writing_below
from scaling.study.launch import Launch
from scaling.study.result import State
from scaling.study.store import Study


def reconciled(study: Study) -> dict[str, str]:
    """Reconcile a study; return its points that a Slurm job trains or will train, with the job.

    Raises Silent if Slurm does not answer.
    """
    if next(records(study.path), None) is None:
        return {}
    left = [each for each in study.point_ids() if study.noted(each).status != "completed"]
    queue = queue_of(study, left)
    note_losses(study, queue, left)
    return queued_points(study, queue)


def note_losses(study: Study, queue: Queue, points: Collection[str]) -> None:
    """Note why points ended whose jobs are gone for good; do nothing if the study is not writable."""
    newest = {point_id: record for record, _ in queue for point_id in record.job_class.point_ids}
    try:
        with writing_below(study.path):
            for point_id in sorted(without_job(queue) & set(points)):
                _note_loss(study, point_id, newest[point_id])
    except Unwritable:
        pass


def _note_loss(study: Study, point_id: str, record: Record) -> None:
    noted = study.noted(point_id)
    if lease.live_holder(study.directory(point_id)) is not None:
        return
    if noted.status == "running" and noted.job is not None and noted.launch is not None:
        log = Launch(study.path, noted.launch).job_log(noted.job)
        failure = fate(noted.job, log)
        settle(study, point_id, failure, f"Slurm no longer has its job {noted.job}; see {log}", for_good=True)
    elif noted.status == "pending" and _should_have_run(study, record, noted):
        message = f"its jobs have ended without training it; see the logs in {record.file.parent}"
        settle(study, point_id, "killed", message, for_good=True, was="pending", launch=record.launch)


def _should_have_run(study: Study, record: Record, noted: State) -> bool:
    """Whether all jobs of the class were submitted and not stopped, and no later launch had the point."""
    is_newest = not noted.is_marked and (noted.launch or "") <= record.launch  # names begin with the time
    return is_newest and record.is_submitted and Launch(study.path, record.launch).stopped() is None


def cancel_jobs(study: Study) -> int:
    """Cancel the pending jobs of a study; return how many entries of the queue, pending or running, it had.

    Running jobs are told to stop by the stop file of their launch, and save their checkpoints first.
    """
    jobs = [job for _, of_record in queue_of(study) for job in of_record]
    arrays = sorted({job.array for job in jobs})
    if arrays:
        ask("scancel", "--state=PENDING", *arrays)
    return len(jobs)
