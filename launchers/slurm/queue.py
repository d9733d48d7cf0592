"""The queue: which jobs of a study Slurm still holds, and therefore which points need no new jobs."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from launchers.slurm.client import ANSWER_WITHIN_S, ask
from launchers.slurm.record import Record, records
from scaling.study.launch import Launch
from scaling.study.store import Study

ASK_AGAIN_S = 2.0
"""Time between two answers: a job counts as gone only if both lack it."""


@dataclass(frozen=True, kw_only=True)
class Queued:
    """An entry of squeue: a job, or elements of an array that wait together."""

    job: str
    """Its id, such as 123, 123_4 or 123_[5-9]."""
    state: str
    """Slurm's state in lower case, such as pending or running."""
    reason: str
    """Why it is pending, or the node that it runs on."""

    @property
    def array(self) -> str:
        return self.job.partition("_")[0]

    def holds(self, job: str) -> bool:
        """Whether the entry is this job, or covers it as an element of an array."""
        array, _, element = job.partition("_")
        if self.job == job or array != self.array:
            return self.job == job
        waiting = re.search(r"\[([\d,-]+)", self.job)
        return waiting is not None and any(
            int(first) <= int(element) <= int(last or first)
            for first, _, last in (part.partition("-") for part in waiting[1].strip(",").split(","))
        )

    def __str__(self) -> str:
        return f"Slurm job {self.job} ({self.state}: {self.reason})"


Queue = list[tuple[Record, list[Queued]]]
"""The records of a study, each with its jobs that Slurm still holds."""


def queue_of(
    study: Study, points: Collection[str] | None = None, *, within_s: float = ANSWER_WITHIN_S
) -> Queue:
    """The jobs that Slurm holds of a study, or of some of its points, now; raises Silent if it is silent.

    Slurm is not asked about points that were never submitted, and asked twice if a point has no job left.
    """
    wanted = None if points is None else set(points)
    known = [each for each in records(study.path) if wanted is None or wanted & set(each.job_class.point_ids)]
    if not known:
        return []
    queue = list(zip(known, _ask(known, within_s), strict=True))
    without = without_job(queue)
    if not (without if wanted is None else wanted & without):
        return queue
    time.sleep(ASK_AGAIN_S)
    again = _ask(known, within_s)
    return [(record, now or before) for (record, before), now in zip(queue, again, strict=True)]


def without_job(queue: Queue) -> set[str]:
    """Points of the records for which no job is left."""
    every = {point_id for record, _ in queue for point_id in record.job_class.point_ids}
    return every - {point_id for record, jobs in queue if jobs for point_id in record.job_class.point_ids}


def queued_points(study: Study, queue: Queue) -> dict[str, str]:
    """Points that a job in the queue trains or will train, by id, with a description of the job.

    Jobs of a launch that was told to stop take no more points.
    """
    found: dict[str, str] = {}
    for record, jobs in queue:
        if jobs and Launch(study.path, record.launch).stopped() is None:
            noun = f"{jobs[0]}" if len(jobs) == 1 else f"{jobs[0]} and {len(jobs) - 1} more"
            found |= {
                point_id: noun for point_id in record.job_class.point_ids if _is_open(study, point_id, record)
            }
    return found


def _is_open(study: Study, point_id: str, record: Record) -> bool:
    """Whether the point has not ended in this launch and was not marked to run again."""
    noted = study.noted(point_id)
    has_failed = noted.status == "failed" and noted.launch == record.launch
    return noted.status != "completed" and not has_failed and not noted.is_marked


def _ask(known: Sequence[Record], within_s: float) -> list[list[Queued]]:
    """The jobs of each record that squeue lists now."""
    found: list[list[Queued]] = [[] for _ in known]
    for user in sorted({record.user for record in known}):
        answer = ask("squeue", "-h", "-u", user, "-o", "%i|%T|%r|%N|%k", within_s=within_s)
        for line in answer.splitlines():
            job, state, reason, node, comment = line.split("|", 4)
            queued = Queued(job=job, state=state.lower(), reason=node or reason)
            for record, jobs in zip(known, found, strict=True):
                if comment.startswith(f"{record.comment}/") or queued.array in record.job_ids:
                    jobs.append(queued)
    return found
