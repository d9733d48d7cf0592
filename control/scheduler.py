"""The scheduler: what Slurm knows of the jobs that have a study's points."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from control.looks import JobWord
from control.point import Seen
from launchers.slurm.client import Silent
from launchers.slurm.queue import Queue, Queued, queue_of
from launchers.slurm.reconcile import note_losses
from scaling.study.store import Study

ASK_EVERY_S = 10.0


class Scheduler:
    """Asks Slurm now and then; a study that Slurm never had costs it no question."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._queue: Queue = []
        self._asked_at = float("-inf")
        self.complaint: str | None = None
        """What Slurm, or the lack of it, says where it does not answer; None where it does."""

    def words(self, points: Sequence[Seen]) -> Mapping[str, JobWord]:
        """What is known of the points' jobs, by point id; nothing where Slurm does not answer."""
        if time.monotonic() - self._asked_at >= ASK_EVERY_S:
            self._ask()
        if not self._queue or self.complaint is not None:
            return {}
        jobs = [job for _, of_record in self._queue for job in of_record]
        waited_for = {
            point_id for record, live in self._queue if live for point_id in record.job_class.point_ids
        }
        words = {point.id: _word(point, jobs, point.id in waited_for) for point in points}
        return {point_id: word for point_id, word in words.items() if word is not None}

    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        try:
            self._queue, self.complaint = queue_of(self._study), None
            note_losses(self._study, self._queue)
        except Silent as silent:
            self.complaint = str(silent)


def _word(point: Seen, jobs: Sequence[Queued], is_waited_for: bool) -> JobWord | None:
    if point.status == "pending":
        return "queued" if is_waited_for else None
    if point.job is None:
        return None
    states = [job.state for job in jobs if job.holds(point.job)]
    if not states:
        return "gone"
    return "queued" if states[0] == "pending" else "running"
