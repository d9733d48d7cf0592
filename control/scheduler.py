"""The scheduler: what Slurm says of the jobs that have a study's points."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from control.looks import JobWord
from control.point import Seen
from launchers.slurm.client import Silent
from launchers.slurm.queue import Queue, Queued, queue_of, queued_points
from launchers.slurm.reconcile import note_losses
from scaling.study.store import Study

ASK_EVERY_S = 10.0
ANSWER_WITHIN_S = 5.0
"""Short, because a user is watching and waits for the answer."""


class Scheduler:
    """Asks Slurm at most every ASK_EVERY_S seconds, and never about a study that was not submitted to it."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._queue: Queue = []
        self._waited_for: Mapping[str, str] = {}
        self._asked_at = float("-inf")
        self.complaint: str | None = None
        """Why Slurm does not answer, or is missing; None where it answers."""

    def words(self, points: Sequence[Seen]) -> Mapping[str, JobWord]:
        """States of the points' jobs by point id; empty where Slurm does not answer."""
        if time.monotonic() - self._asked_at >= ASK_EVERY_S:
            self._ask(points)
        if not self._queue or self.complaint is not None:
            return {}
        jobs: defaultdict[str, list[Queued]] = defaultdict(list)
        for _, of_record in self._queue:
            for job in of_record:
                jobs[job.array].append(job)
        words = {point.id: _word(point, jobs, point.id in self._waited_for) for point in points}
        return {point_id: word for point_id, word in words.items() if word is not None}

    def _ask(self, points: Sequence[Seen]) -> None:
        """Ask about the points that have not ended."""
        left = [point.id for point in points if point.status in ("running", "pending")]
        try:
            self._queue = queue_of(self._study, left, within_s=ANSWER_WITHIN_S)
            self._waited_for = queued_points(self._study, self._queue)
            note_losses(self._study, self._queue, left)
            self.complaint = None
        except Silent as silent:
            self.complaint = str(silent)
        self._asked_at = time.monotonic()


def _word(point: Seen, jobs: Mapping[str, Sequence[Queued]], is_waited_for: bool) -> JobWord | None:
    if point.status == "pending":
        return "queued" if is_waited_for else None
    if point.job is None:
        return None
    of_array = jobs.get(point.job.partition("_")[0], ())
    states = [job.state for job in of_array if job.holds(point.job)]
    if not states:
        return "gone"
    return "queued" if states[0] == "pending" else "running"
