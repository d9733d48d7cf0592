"""A status: the progress of a study, its failures, and what runs where."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from control.eta import LATELY_S, Eta
from control.looks import Looks, Now
from control.scheduler import Scheduler
from control.survey import Survey
from scaling.study.result import Status as Standing
from scaling.study.store import Study

STATUSES: tuple[Standing, ...] = ("completed", "running", "pending", "failed")


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The failures of one class."""

    count: int
    example: str
    """The message of one of them."""
    point: str
    """The id of that point, whose `log.txt` says more."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """A study at one moment."""

    study: str
    num_points: int
    counts: Mapping[Standing, int]
    """Number of completed, running, pending and failed points."""
    num_silent: int
    """Number of running points whose heartbeat is old."""
    failures: Mapping[str, Failed]
    """Failures by class, most frequent first."""
    share: float
    """Share of the work of all points that is done, 0 to 1."""
    eta_s: float | None
    """Estimated seconds until the last point ends; None where nothing runs or no estimate is possible."""
    completed_last_hour: int
    training_hours: float
    """Hours spent in training steps of completed points, over all attempts."""
    last_result: float | None
    """When the last result was written, in seconds since 1970; None before the first."""
    replayed: str | None
    """The table that a replayed study takes its results from, and the noise; None where points train."""
    scheduler: str | None
    """Why Slurm did not answer, so that the status is from the files alone; None where it did or need not."""


@dataclass(frozen=True, kw_only=True)
class Glance:
    """Everything that one look at a study yields."""

    study: Study
    points: Sequence[Now]
    eta: Eta
    status: Status
    damaged: Mapping[str, str]
    """By id: why a point could not be read and is left out."""


class Watcher:
    """Looks at a study repeatedly."""

    def __init__(self, study: Study, *, forgives: bool = False) -> None:
        """`forgives` leaves out points that cannot be read, instead of refusing them."""
        self._survey = Survey(study, forgives=forgives)
        self._looks = Looks(study)
        self._scheduler = Scheduler(study)

    def look(self) -> Glance:
        """The current state of the study; Refused where a point cannot be read."""
        study = self._survey.study
        seen = list(self._survey.points())
        points = self._looks.look(seen, self._scheduler.words(seen))
        eta = Eta(study=study, points=points, at=time.time())
        status = _status(study, points, eta, self._scheduler.complaint)
        damaged = self._survey.damaged
        return Glance(study=study, points=points, eta=eta, status=status, damaged=damaged)


def _status(study: Study, points: Sequence[Now], eta: Eta, complaint: str | None) -> Status:
    counts = Counter(now.status for now in points)
    ended = [now.point.ended for now in points if now.point.ended]
    return Status(
        study=str(study.path),
        num_points=len(points),
        counts={status: counts[status] for status in STATUSES},
        num_silent=sum(now.word == "silent" for now in points),
        failures=_failures(points),
        share=eta.share(points),
        eta_s=eta.study_s,
        completed_last_hour=sum(eta.at - each < LATELY_S for each in ended),
        training_hours=sum(now.point.own_seconds for now in points) / 3600,
        last_result=max(ended, default=None),
        replayed=study.replayed,
        scheduler=complaint,
    )


def _failures(points: Sequence[Now]) -> dict[str, Failed]:
    failed = [now for now in points if now.status == "failed"]
    examples = {str(now.failure): now for now in reversed(failed)}
    return {
        failure: Failed(
            count=count, example=examples[failure].message or "", point=examples[failure].point.id
        )
        for failure, count in Counter(str(now.failure) for now in failed).most_common()
    }
