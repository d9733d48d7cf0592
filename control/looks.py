"""Looks: the current state of each point. One look at an old heartbeat is never enough to call a point gone.

A point whose status is `running` is believed while its holder's heartbeat is younger than STALE_AFTER_S. With
an older heartbeat it is `silent`, because the file system or the machine may only be slow. It is `gone` only

- when its process is known to have ended (it was on this machine, or it released the lease), the status, read
  once more, is still `running`, and no job will resume the point; or
- when a second look, at least LOOK_AGAIN_S after the first, finds the same heartbeat. A healthy worker writes
  one every HEARTBEAT_S, so none is silent in both looks. A process that is paused on this machine stays
  `silent`; or
- when the scheduler has no job for it and its heartbeat is old as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from control.point import Seen, noted_in
from scaling.study import lease
from scaling.study.lease import HEARTBEAT_S, STALE_AFTER_S, Process, Sign
from scaling.study.result import Failure, Status
from scaling.study.store import Study

Word = Literal["completed", "running", "silent", "gone", "pending", "queued", "failed"]
JobWord = Literal["running", "queued", "gone"]
"""State of a point's job at the scheduler."""

LOOK_AGAIN_S = 1.5 * HEARTBEAT_S
"""Least time between the first look at a silence and the second."""

_STATUS: Mapping[Word, Status] = {"silent": "running", "gone": "failed", "queued": "pending"}


@dataclass(frozen=True, kw_only=True)
class Now:
    """A point and its current state."""

    point: Seen
    word: Word
    silent_s: float | None = None
    """Seconds since the last heartbeat of a silent or gone point."""
    host: str | None = None
    pid: int | None = None

    @property
    def status(self) -> Status:
        """The status to count by: silent points are running, gone ones failed, queued ones pending."""
        return _STATUS.get(self.word) or self.point.status

    @property
    def failure(self) -> Failure | None:
        return "killed" if self.word == "gone" else self.point.failure

    @property
    def message(self) -> str | None:
        """One line on why the point failed, or what was noted."""
        if self.word == "gone":
            return f"the process that trained it is gone; it will resume after epoch {self.point.epoch}"
        return self.point.message

    @property
    def where(self) -> str:
        """The job or process that has the point, and its host; empty where there is none."""
        if self.status != "running" and self.word != "queued":
            return ""
        job = f"job {self.point.job}" if self.point.job else f"process {self.pid}" if self.pid else ""
        return f"{job} on {self.host}" if self.host else job


class Looks:
    """Looks at the points again and again, and remembers the silent ones."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._here = Process.current().host
        self._silent: dict[str, tuple[Sign | None, float]] = {}
        """By id: the last sign of life, and when the silence was first seen (monotonic clock)."""

    def look(self, points: Iterable[Seen], jobs: Mapping[str, JobWord] | None = None) -> list[Now]:
        """The current state of each point; `jobs` has the scheduler's states by point id."""
        clock = lease.server_time(self._study.path)
        known = jobs or {}
        return [self._now(point, known.get(point.id), clock) for point in points]

    def _now(self, point: Seen, job: JobWord | None, clock: float) -> Now:
        if point.status == "running":
            return self._running(point, job, clock)
        self._silent.pop(point.id, None)
        is_queued = job == "queued" and point.status == "pending"
        return Now(point=point, word="queued" if is_queued else point.status)

    def _running(self, point: Seen, job: JobWord | None, clock: float) -> Now:
        sign = lease.last_sign(self._study.directory(point.id))
        silent_s = None if sign is None else max(0.0, clock - sign.heard)
        holder = sign.holder if sign else None
        now = Now(
            point=point,
            word="running",
            silent_s=silent_s,
            host=holder.host.split("/")[0] if holder else None,
            pid=holder.pid if holder else None,
        )
        if sign is not None and (holder is None or holder.is_gone()):
            return replace(now, word="queued") if job in ("queued", "running") else self._ended(now)
        if silent_s is not None and silent_s < STALE_AFTER_S:
            self._silent.pop(point.id, None)
            return replace(now, silent_s=None)
        if job == "queued":
            return replace(now, word="queued")
        is_here = holder is not None and holder.host == self._here
        is_gone = job == "gone" or (self._seen_before(point.id, sign) and job is None and not is_here)
        return replace(now, word="gone" if is_gone else "silent")

    def _ended(self, now: Now) -> Now:
        """A point whose lease has ended: gone, unless its end was noted since it was read."""
        self._silent.pop(now.point.id, None)
        again = replace(now.point, **noted_in(f"{self._study.path}/points/{now.point.id}"))
        if again.status == "running":
            return replace(now, word="gone")
        return Now(point=again, word=again.status)

    def _seen_before(self, point_id: str, sign: Sign | None) -> bool:
        """Whether the same silence was first seen at least LOOK_AGAIN_S ago."""
        first = self._silent.get(point_id)
        if first is None or first[0] != sign:
            self._silent[point_id] = sign, time.monotonic()
            return False
        return time.monotonic() - first[1] >= LOOK_AGAIN_S
