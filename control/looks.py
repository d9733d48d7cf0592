"""Looks: what each point is now. Nobody is called gone from one look at a silence.

A point that says it runs is believed while its holder's heartbeat is younger than STALE_AFTER_S. Older, it is
`silent`, which is all that one look can tell: the file system may be slow, or the machine. It is `gone` only

- when its process is known to have ended, because it was on this machine, or let go of the point, the point,
  read once more, still says that it runs, and no job is there that will go on with it; or
- when it is as silent in a second look, LOOK_AGAIN_S or more after the first. A healthy worker writes a
  heartbeat each HEARTBEAT_S, so none is ever silent in both, and one that is there on this machine, but
  paused, stays silent; or
- when its scheduler says so, and its heartbeat is old as well.
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
"""What a scheduler knows of the job that has a point."""

LOOK_AGAIN_S = 1.5 * HEARTBEAT_S
"""A second look is one that comes at least so long after the first."""

_STATUS: Mapping[Word, Status] = {"silent": "running", "gone": "failed", "queued": "pending"}


@dataclass(frozen=True, kw_only=True)
class Now:
    """A point and what it is now."""

    point: Seen
    word: Word
    silent_s: float | None = None
    """How long nothing was heard of a silent or gone one."""
    host: str | None = None
    pid: int | None = None

    @property
    def status(self) -> Status:
        """The word among those that count: silent points run, as far as is known; gone ones have failed."""
        return _STATUS.get(self.word) or self.point.status

    @property
    def failure(self) -> Failure | None:
        return "killed" if self.word == "gone" else self.point.failure

    @property
    def message(self) -> str | None:
        """One line for a person."""
        if self.word == "gone":
            return f"the process that trained it is gone; it goes on after epoch {self.point.epoch}"
        return self.point.message

    @property
    def where(self) -> str:
        """The job, or the process and its host; empty where nobody has it."""
        if self.status != "running" and self.word != "queued":
            return ""
        job = f"job {self.point.job}" if self.point.job else f"process {self.pid}" if self.pid else ""
        return f"{job} on {self.host}" if self.host else job


class Looks:
    """Remembers the silent points from one look to the next."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._here = Process.current().host
        self._silent: dict[str, tuple[Sign | None, float]] = {}
        """By id: the last sign of life, and when the silence was first seen (monotonic)."""

    def look(self, points: Iterable[Seen], jobs: Mapping[str, JobWord] | None = None) -> list[Now]:
        """What each point is; `jobs` has what a scheduler knows, by point id."""
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
        """Nobody holds the point any more: gone, unless its end was noted since it was read."""
        self._silent.pop(now.point.id, None)
        again = replace(now.point, **noted_in(f"{self._study.path}/points/{now.point.id}"))
        if again.status == "running":
            return replace(now, word="gone")
        return Now(point=again, word=again.status)

    def _seen_before(self, point_id: str, sign: Sign | None) -> bool:
        """Whether the same silence was seen long enough ago."""
        first = self._silent.get(point_id)
        if first is None or first[0] != sign:
            self._silent[point_id] = sign, time.monotonic()
            return False
        return time.monotonic() - first[1] >= LOOK_AGAIN_S
