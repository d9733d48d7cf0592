"""A stopper: tells dominated running points of a study to stop, from the study's files alone."""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from analysis.curves.curve import PointCurve
from analysis.curves.dominated import dominated
from analysis.curves.study import read_curve
from analysis.noise import group_seeds
from analysis.noise_estimate import noise_of
from analysis.source.clean import table_of
from control.options import parse
from control.stopper_process import LOG
from scaling.study.index import AT_REST_S
from scaling.study.point import Point
from scaling.study.stopping import Stopping, tell_to_stop, told_to_stop, was_stopped
from scaling.study.store import Study
from scaling.study.trunk import carriers

LOOK_EVERY_S = 1.0
MAX_LOAD = 0.05
"""Largest share of its time that it spends on looking."""
GIVES_WAY = 10
"""Unix niceness of the process."""

log = logging.getLogger(__name__)


def keep_stopping(
    study: Study, stopping: Stopping, tell: Callable[[str], None], *, stay: bool = False
) -> Iterator[float]:
    """Look repeatedly, and yield the seconds to wait between looks; end with the last point unless `stay`."""
    stopper = Stopper(study, stopping)
    while True:
        began = time.monotonic()
        for point_id, why in stopper.look().items():
            tell(f"{point_id} is told to stop: {why}")
        if stopper.is_over and not stay:
            return
        yield max(LOOK_EVERY_S, (time.monotonic() - began) / MAX_LOAD)


class Stopper:
    """Calling `look` again is cheap: points that have ended are read only once."""

    def __init__(self, study: Study, stopping: Stopping) -> None:
        self._study = study
        self._stopping = stopping
        self._points: dict[str, Point] = {}
        self._stamps: dict[str, int] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        """Result rows of the completed points, by id."""
        self._finished: dict[str, PointCurve] = {}
        self._running: dict[str, PointCurve] = {}
        self._open: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether all points had ended at the last look."""
        return bool(self._points) and not self._open

    def look(self) -> dict[str, str]:
        """Tell dominated points to stop; return the reasons by point id."""
        for point_id in self._study.point_ids():
            self._read(point_id)
        protected = self._protected()
        asked = [curve for each, curve in self._running.items() if each not in protected and self._may(each)]
        if not asked or not self._rows:
            return {}
        table = table_of([*self._rows.values()], name=self._study.name)
        if table.usable.empty:
            return {}
        groups = group_seeds(table.usable)
        noise = noise_of(table, groups)
        if noise.kind != "seeds" and self._has_repeats():
            return {}  # wait for them: they will measure the noise
        dooms = dominated(asked, [*self._finished.values()], groups, noise, self._stopping)
        why = {each: doom.sentence(self._running[each]) for each, doom in dooms.items()}
        for point_id, sentence in why.items():
            tell_to_stop(self._study.directory(point_id), sentence)
        return why

    def _read(self, point_id: str) -> None:
        directory = self._study.directory(point_id)
        stamp = os.stat(directory).st_mtime_ns
        if self._stamps.get(point_id) == stamp:
            return
        if stamp < 1e9 * (time.time() - AT_REST_S):  # else it may change again under the same time stamp
            self._stamps[point_id] = stamp
        point = self._points.setdefault(point_id, self._study.point(point_id))
        status = self._study.state(point_id).status
        self._running.pop(point_id, None)
        self._open.discard(point_id)
        if status in ("pending", "running"):
            self._open.add(point_id)
        curve = read_curve(directory, point, status)
        if status == "completed":
            self._rows[point_id] = self._study.result(point_id).row()
        if curve is not None and status == "completed":
            self._finished[point_id] = curve
        elif curve is not None and status == "running":
            self._running[point_id] = curve

    def _may(self, point_id: str) -> bool:
        """Whether the point may be stopped: not if it was told to before, or stopped and run again."""
        directory = self._study.directory(point_id)
        return told_to_stop(directory) is None and not was_stopped(directory)

    def _protected(self) -> set[str]:
        """Points that others need or branch off from."""
        points = [*self._points.values()]
        needed = {need for point in points for need in point.needs}
        return needed | {carrier.id for carrier in carriers(points).values()}

    def _has_repeats(self) -> bool:
        models = Counter(replace(point, seed=0).id for point in self._points.values())
        return any(number > 1 for number in models.values())


def main(arguments: Sequence[str]) -> None:
    """Run beside a launch until it closes standard input; `arguments` are those of `stop-dominated`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the launch
    os.nice(GIVES_WAY)
    asked = parse(["stop-dominated", *arguments])
    while not (asked.study / "study.json").exists():
        if _is_closed(LOOK_EVERY_S):
            return
    line = "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(filename=asked.study / LOG, level=logging.INFO, format=line)
    try:
        for wait_s in keep_stopping(Study.open(asked.study), asked.stopping, log.info, stay=True):
            if _is_closed(wait_s):
                return
    except Exception:
        log.exception("no point is told to stop any more")
        sys.exit(1)


def _is_closed(within_s: float) -> bool:
    return bool(select.select([sys.stdin], [], [], within_s)[0])


if __name__ == "__main__":
    main(sys.argv[1:])
