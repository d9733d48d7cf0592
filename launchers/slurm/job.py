"""The work of a job in an array: train its share of a class, help with the rest, and be requeued if needed.

A job is responsible for its share, and for any other point that it has started. If some of these are left, it
exits with GO_ON, and its batch script requeues it, so that no process has to watch it.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from launchers.oom import OomKills
from launchers.settle import settle, settle_killed_for_memory
from launchers.slurm.client import ask
from launchers.slurm.fate import RUN_STARTS, fate
from launchers.slurm.record import read_record
from launchers.slurm.srun import meeting, time_left_s
from launchers.slurm.workers import Workers, workers_of
from scaling.errors import Refused
from scaling.study import lease
from scaling.study.job import job_id, num_restarts
from scaling.study.launch import Launch
from scaling.study.lease import Process
from scaling.study.store import Study
from scaling.tracking.process import WITHIN_S, start
from scaling.tracking.tracker import Tracker
from scaling.training.meeting import Meeting
from scaling.training.stop import Stop
from scaling.training.together import work_together
from scaling.training.worklist import Terms, WorkList

GO_ON = 75
"""Exit code of a job that has work left: EX_TEMPFAIL of sysexits.h."""
STUCK = 1
"""Exit code of a job that has work left but started none of it; this counts as a crash, which is limited."""
POLL_S = 0.2
"""Time between two looks at the workers."""
DEATHS_AT_MOST = 20
"""Number of workers that may die in one run of a job before no more are started."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """The input of one job."""

    record: Path
    """File with the record of its class."""
    index: int
    """Index of the job in its class, over all arrays."""
    slots: int
    terms: Terms
    tracker: Tracker
    margin_s: float
    """Time before its end at which the job stops and saves checkpoints."""

    @property
    def study(self) -> Path:
        return self.record.parents[2]


def margin_s(timeout_min: int) -> float:
    """Time to save checkpoints at the end of a job: a minute, or less in a short job."""
    return min(60.0, 0.2 * 60 * timeout_min)


def carry_out(share: Share) -> None:
    """Run the job; exits with GO_ON if it is to be requeued."""
    job, here = _Job(share), meeting()
    if here.rank > 0:
        job.follow(here)
        return
    if job.launch.stopped() is None:
        job.run(here)
    if job.launch.stopped() is not None:
        job.clear_queue()
        if here.size > 1:
            sys.exit(STUCK)  # ends processes that wait to meet; the stop file prevents a requeue
    elif job.is_unfinished():
        sys.exit(GO_ON if job.has_begun_any() else STUCK)
    else:
        job.spare_others()


class _Job:
    """One run of a job."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._id = str(job_id())
        self.launch = Launch(share.study, share.terms.launch)
        self._study = Study.open(share.study)
        self._record = read_record(share.record)
        self._deadline = time.time() + time_left_s(self._record) - share.margin_s
        self._stop = Stop(file=self.launch.stop_file, deadline=self._deadline)
        self._num_deaths = 0
        self._num_attempts_before = self._num_attempts()
        self._oom_kills = OomKills()

    def follow(self, here: Meeting) -> None:
        """Join the training of the first of several processes."""
        work_together(self._todo(), here)

    def run(self, here: Meeting) -> None:
        with self._stop.on_signals(signal.SIGTERM, signal.SIGUSR2):
            self.launch.note_begun()
            if num_restarts():
                self._settle()
            sys.stdout.write(f"{RUN_STARTS}\n")  # only after the end of the previous run was read
            sys.stdout.flush()
            taken = self.launch.taken_file(self._id)
            mirror = start(self._study.path, self._share.tracker, listed=taken)
            try:
                if here.size == 1:
                    self._train()
                else:
                    work_together(self._todo(), here)
            finally:
                if mirror is not None:
                    within_s = WITHIN_S[self._share.tracker.mode]
                    mirror.finish(min(within_s, max(1.0, self._deadline - time.time())))

    def is_unfinished(self) -> bool:
        """Whether a point that this job is responsible for is left, and no other job works on it."""
        self._record = read_record(self._share.record)  # its number of jobs is final by now
        return any(self._is_left(point_id) for point_id in self._mine())

    def has_begun_any(self) -> bool:
        """Whether this run of the job has taken any of its points."""
        return self._num_attempts() > self._num_attempts_before

    def spare_others(self) -> None:
        """Clear the queue if nothing of the class is left to do."""
        if not any(map(self._is_open, self._record.job_class.point_ids)):
            self.clear_queue()

    def clear_queue(self) -> None:
        """Cancel the jobs of the class that are still pending."""
        job_ids = read_record(self._share.record).job_ids
        if job_ids:
            with suppress(Refused):
                ask("scancel", "--state=PENDING", *job_ids)

    def _todo(self) -> WorkList:
        return WorkList(
            study=self._study.path,
            point_ids=tuple(self._in_order()),
            terms=self._share.terms,
            deadline=self._deadline,
        )

    def _train(self) -> None:
        todo = replace(self._todo(), launcher=Process.current())
        with workers_of(todo, self._share.slots, end_within_s=self._share.margin_s) as workers:
            while workers and not self._stop.requested():
                time.sleep(POLL_S)
                self._replace_dead(workers)

    def _replace_dead(self, workers: Workers) -> None:
        dead = workers.take_dead()
        if dead and self._oom_kills.rose():
            for point_id in self._lost():
                settle_killed_for_memory(self._study, point_id)
        self._num_deaths += len(dead)
        if self._num_deaths <= DEATHS_AT_MOST and not self._stop.requested():
            for slot in dead:
                workers.start(slot)

    def _settle(self) -> None:
        """Note why the points that an earlier run of this job lost have stopped."""
        lost = self._lost()
        if not lost:
            return
        failure = fate(self._id, self.launch.job_log(self._id))
        for point_id in lost:
            settle(self._study, point_id, failure, f"lost its job {self._id}, which Slurm has restarted")

    def _lost(self) -> list[str]:
        """Points that this job was training and that no process holds any more."""
        noted = {each: self._study.noted(each) for each in self.launch.taken(self._id)}
        begun = [each for each, state in noted.items() if (state.status, state.job) == ("running", self._id)]
        return [each for each in begun if lease.live_holder(self._study.directory(each)) is None]

    def _mine(self) -> list[str]:
        """The points of its share, and others that this job has started."""
        begun = [each for each in self.launch.taken(self._id) if self._study.noted(each).job == self._id]
        return list(dict.fromkeys([*self._record.share(self._share.index), *begun]))

    def _num_attempts(self) -> int:
        return sum(self._study.noted(each).attempt for each in self._mine())

    def _in_order(self) -> Iterable[str]:
        """The points that this job is responsible for, then the others, in the reverse of their order."""
        return dict.fromkeys([*self._mine(), *reversed(self._record.job_class.point_ids)])

    def _is_open(self, point_id: str) -> bool:
        """Whether the point has not ended in this launch."""
        noted = self._study.noted(point_id)
        if noted.status == "failed" and noted.launch == self.launch.name:
            return False
        return self._study.state(point_id).status != "completed"

    def _is_left(self, point_id: str) -> bool:
        if not self._is_open(point_id):
            return False
        holder = lease.live_holder(self._study.directory(point_id))
        return holder is None or holder.job == self._id
