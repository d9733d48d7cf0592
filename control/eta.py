"""An ETA: the estimated time until points, and the study, end.

A running point is assumed to keep its own pace: the mean training time of its epochs so far. A study is
assumed to keep the pace of the last hour (or since the last launch, if that is shorter), which includes all
overhead between points, once at least twice as many points were completed in it as run now; before that,
the training pace of the running points. A study never ends before the last of its running points.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from control.looks import Now
from control.point import Seen
from scaling.study.files import Corrupt, read_json
from scaling.study.store import Study

LATELY_S = 3600.0
"""Time over which the pace of a study is measured."""


@dataclass(frozen=True, kw_only=True)
class Eta:
    """Estimates from one snapshot of all points of a study."""

    study: Study
    points: Sequence[Now]
    at: float
    """Time of the snapshot, in seconds since 1970."""

    @cached_property
    def study_s(self) -> float | None:
        """Seconds until the last point ends; None where nothing runs or no estimate is possible."""
        running = [now for now in self.points if now.word == "running"]
        left = self.work_left(self.points)
        pace = self._pace(len(running))
        if not running or pace is None:
            return None
        return max([left / pace, *(each for each in map(self.of, running) if each is not None)])

    def of(self, now: Now) -> float | None:
        """Seconds until a running point ends; None where it does not run or no estimate is possible."""
        if now.word != "running":
            return None
        return self._etas.get(now.point.id)

    def device_s(self, points: Sequence[Now]) -> float | None:
        """Device-seconds of the work left in these points; None where no estimate is possible."""
        return None if self._seconds_a_unit is None else self.work_left(points) * self._seconds_a_unit

    def work_left(self, points: Sequence[Now]) -> float:
        """Work left in those of the points that run or wait, in the unit of `_work`."""
        return sum(
            (1 - now.point.share) * self._work(now.point)
            for now in points
            if now.status in ("pending", "running")
        )

    def share(self, points: Sequence[Now]) -> float:
        """Share of these points' work that is done, 0 to 1; failed points count as done."""
        total = sum(self._work(now.point) for now in points)
        return 1.0 - self.work_left(points) / total if total else float(bool(points))

    def _pace(self, num_running: int) -> float | None:
        """Pace of the study, in work per second; None where no estimate is possible."""
        since = max(self.at - LATELY_S, _last_launch(self.study) or 0.0)
        lately = [now.point for now in self.points if (now.point.ended or 0.0) > since]
        if len(lately) >= 2 * num_running:
            return sum(map(self._work, lately)) / max(self.at - since, 1.0) or None
        return num_running / self._seconds_a_unit if self._seconds_a_unit else None

    @cached_property
    def _is_in_hours(self) -> bool:
        return all(now.point.predicted_hours for now in self.points)

    def _work(self, point: Seen) -> float:
        """Predicted hours, or training FLOPs if the hours of some points were not predicted."""
        return point.predicted_hours or 0.0 if self._is_in_hours else float(point.train_flops)

    @cached_property
    def _seconds_a_unit(self) -> float | None:
        """Device-seconds per unit of work, measured on all training so far; before any, as predicted."""
        done = [(now.point.train_seconds, self._work(now.point)) for now in self.points]
        done += [(each.seconds, each.share * self._work(each.point)) for each in self._progress]
        known = [(seconds, work) for seconds, work in done if seconds and work]
        if known:
            return sum(seconds for seconds, _ in known) / sum(work for _, work in known)
        return 3600.0 if self._is_in_hours else None

    @cached_property
    def _progress(self) -> list[_Progress]:
        return [_progress(self.study, now.point) for now in self.points if now.word == "running"]

    @cached_property
    def _etas(self) -> dict[str, float | None]:
        return {each.point.id: each.remaining_s(self.at) for each in self._progress}


@dataclass(frozen=True, kw_only=True)
class _Progress:
    """The progress of a running point."""

    point: Seen
    epochs: int
    """Completed epochs."""
    seconds: float
    """Seconds spent in training steps so far."""
    noted: float
    """When the last epoch ended or this attempt began, whichever is later, in seconds since 1970."""

    @property
    def share(self) -> float:
        return self.epochs / self.point.epochs

    def remaining_s(self, at: float) -> float | None:
        since = at - self.noted
        if not self.epochs:
            left = 3600 * (self.point.predicted_hours or 0.0) - since
            return left if left > 0 else None
        an_epoch = self.seconds / self.epochs
        return max(0.0, (self.point.epochs - self.epochs) * an_epoch - min(since, an_epoch))


def _progress(study: Study, point: Seen) -> _Progress:
    directory = study.directory(point.id)
    last: Any = None
    with suppress(OSError, ValueError, IndexError):
        last = json.loads((directory / "metrics.jsonl").read_bytes().splitlines()[-1])
    if not isinstance(last, dict):  # a line that a power cut damaged
        last = {}
    try:
        noted = os.stat(directory / "status.json").st_mtime
    except OSError:
        noted = time.time()
    epochs = min(int(last.get("epoch", 0)), point.epochs)
    return _Progress(point=point, epochs=epochs, seconds=last.get("seconds", 0.0), noted=noted)


def _last_launch(study: Study) -> float | None:
    """When points were last launched, in seconds since 1970; None where study.json does not tell."""
    with suppress(Corrupt, KeyError, TypeError, ValueError):
        history = (read_json(study.path / "study.json") or {})["history"]
        times = [entry["time"] for entry in history if entry["snapshot"] is not None]
        return max(datetime.strptime(each, "%Y-%m-%dT%H:%M:%S%z").timestamp() for each in times)
    return None
