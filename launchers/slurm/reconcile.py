"""Reconciling: what the files of a study say of its Slurm jobs, set right by what Slurm says of them."""

from __future__ import annotations

from launchers.settle import settle
from launchers.slurm.client import ask
from launchers.slurm.fate import fate
from launchers.slurm.queue import Queue, queue_of, queued_points
from scaling.study import lease
from scaling.study.files import Unwritable, writing_below
from scaling.study.launch import Launch
from scaling.study.store import Study


def reconciled(study: Study) -> dict[str, str]:
    """Points that a Slurm job has or will have, with a word about it; raises Silent."""
    queue = queue_of(study)
    note_losses(study, queue)
    return queued_points(study, queue)


def note_losses(study: Study, queue: Queue) -> None:
    """Note why points have ended whose jobs are gone for good, where the study takes notes."""
    try:
        with writing_below(study.path):
            for record, jobs in queue:
                for point_id in () if jobs else record.job_class.point_ids:
                    _note_loss(study, point_id)
    except Unwritable:
        pass


def _note_loss(study: Study, point_id: str) -> None:
    noted = study.noted(point_id)
    if noted.status != "running" or noted.job is None or noted.launch is None:
        return
    if lease.live_holder(study.directory(point_id)) is None:
        log = Launch(study.path, noted.launch).folder / f"{noted.job}_0_log.out"
        failure = fate(noted.job, log)
        settle(study, point_id, failure, f"Slurm has its job {noted.job} no more; see {log}", for_good=True)


def cancel_jobs(study: Study) -> int:
    """Take the jobs of a study that wait at Slurm from there; how many entries of its queue there were.

    Those that run are told to stop by the stop file of their launch, and save their checkpoints first.
    """
    jobs = [job for _, of_record in queue_of(study) for job in of_record]
    arrays = sorted({job.array for job in jobs})
    if arrays:
        ask("scancel", "--state=PENDING", *arrays)
    return len(jobs)
