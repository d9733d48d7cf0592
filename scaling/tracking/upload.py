"""An upload: sends the runs of a study that W&B lacks, from the files of its points, with any tracker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from scaling.errors import Refused
from scaling.study.files import writing_below
from scaling.study.store import Study
from scaling.tracking.client import AT_ONCE, check_account, drop_client, set_up_wandb
from scaling.tracking.lock import is_mirrored_by_jobs, is_ours
from scaling.tracking.point_files import read_object, read_point
from scaling.tracking.point_run import PointRun, ServerLost, is_written
from scaling.tracking.tracker import LOG, REMEMBERED, Tracker

MAX_LOSSES = 3
"""Consecutive runs refused by the server after which it is lost; a single one may have been deleted."""

Fate = Literal["sent", "there", "open", "waiting", "failed", "left"]
"""`there`: sent before and unchanged; `open`: not ended, rows so far are sent; `waiting`: not started;
`left`: not sent because the server was lost."""


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """The outcome of an upload."""

    counts: Counter[Fate] = field(default_factory=Counter)
    """Number of runs by fate."""
    failures: dict[str, str] = field(default_factory=dict)
    """Why runs could not be sent, by the id of the point."""
    lost: list[str] = field(default_factory=list)
    """Why the server was given up; empty if it was not."""


def tracker_of(study_dir: Path, *, project: str | None, entity: str | None) -> Tracker:
    """The tracker with the given project and entity, or else those with which the study was tracked last."""
    last = read_object(study_dir / REMEMBERED) or {}
    return Tracker(
        mode="online",
        project=project or last.get("project") or Tracker.project,
        entity=entity or (None if project else last.get("entity")),
    )


def upload(study: Study, tracker: Tracker, show: Callable[[int], None]) -> Uploaded:
    """Send the runs that W&B lacks; `show` is called with the number of points done.

    Raises Refused while a mirror is at work, without an account, if W&B does not answer, or if the study
    cannot be written.
    """
    with ExitStack() as held:
        with writing_below(study.path):
            lock = held.enter_context(open(study.path / LOG, "a"))
        if not is_ours(lock) or is_mirrored_by_jobs(study.path):
            raise Refused(f"{study.path} is being tracked now: wait until its launch or job has ended.")
        set_up_wandb()
        check_account()
        return _Upload(study, tracker).all(show)


class _Upload:
    def __init__(self, study: Study, tracker: Tracker) -> None:
        self._study = study
        self._tracker = tracker
        self._uploaded = Uploaded()
        self._num_losses = 0

    def all(self, show: Callable[[int], None]) -> Uploaded:
        done = self._uploaded
        with ThreadPoolExecutor(AT_ONCE) as senders:
            for fate in senders.map(self._settle, self._study.point_ids()):
                done.counts[fate] += 1
                show(done.counts.total())
        if done.lost:
            drop_client()
        return done

    def _settle(self, point_id: str) -> Fate:
        if self._uploaded.lost:
            return "left"
        try:
            fate = self._send(point_id)
        except ServerLost as error:
            self._uploaded.failures[point_id] = str(error)
            self._num_losses += 1
            if self._num_losses >= MAX_LOSSES:
                self._uploaded.lost.append(str(error))
            return "failed"
        except Exception as error:  # an error of one point: its files, or the client's handling of them
            self._uploaded.failures[point_id] = f"{type(error).__name__}: {error}"
            return "failed"
        if fate in ("sent", "open"):
            self._num_losses = 0
        return fate

    def _send(self, point_id: str) -> Fate:
        files = read_point(self._study.directory(point_id))
        if files is None or not (files.ended or files.rows):
            return "waiting"
        if files.ended and is_written(files, self._tracker):
            return "there"
        run = PointRun(files, self._tracker, self._study.path.resolve().name)
        try:
            run.log(files.rows)
            run.end(files) if files.ended else run.leave(files)
        except ServerLost:
            raise
        except Exception:
            run.abandon()
            raise
        return "sent" if files.ended else "open"
