"""A mirror: writes the W&B runs of a study from the files of its points, and updates them as they change."""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scaling.study.job import job_id
from scaling.study.launch import ids_in
from scaling.tracking.client import AT_ONCE
from scaling.tracking.point_files import PointFiles, Stamp, read_point, stamp
from scaling.tracking.point_run import PointRun, ServerLost, is_written
from scaling.tracking.tracker import Tracker

logger = logging.getLogger("tracker")

PAUSE_S = 2.0
"""Least pause between two looks for changes."""
MAX_LOAD = 0.1
"""Largest share of its time that a mirror spends on looking; on a slow file system it looks less often."""

MAX_FAILURES = 3
"""Consecutive runs that could not be written after which the mirror gives up; the next start catches up."""


class TooManyFailures(RuntimeError):
    """Runs cannot be written here, and trying all of them would take too long."""


class Mirror:
    """Mirrors the points of a study; remembers their file stamps, so that unchanged points cost little."""

    def __init__(
        self, study_dir: Path, tracker: Tracker, *, listed: Path | None = None, own_job: bool = False
    ) -> None:
        self._points_dir = study_dir / "points"
        self._group = study_dir.resolve().name
        self._tracker = tracker
        self._listed = listed
        self._own_job = own_job
        self._completed: set[str] = set()
        self._stamps: dict[str, Stamp] = {}
        self._live: dict[str, PointRun] = {}
        self._num_failures = 0
        self.pause_s = PAUSE_S

    def look(self, *, again: bool = False) -> None:
        """Write the points that have changed, or all with `again`. Raises ServerLost and TooManyFailures."""
        began = time.monotonic()
        changed = [point_id for point_id in self._unfinished() if self._changed(point_id) or again]
        self.pause_s = max(PAUSE_S, (time.monotonic() - began) / MAX_LOAD)
        with ThreadPoolExecutor(AT_ONCE if self._tracker.mode == "online" else 1) as writers:
            for _ in writers.map(self._update, [self._points_dir / point_id for point_id in changed]):
                pass

    def close(self) -> None:
        """Write all points that have ended, and close the runs of those that have not."""
        self.look(again=True)
        for point_id, run in self._live.items():
            files = read_point(self._points_dir / point_id)
            if files is not None:
                run.leave(files)

    def _unfinished(self) -> list[str]:
        try:
            found = set(os.listdir(self._points_dir))
        except OSError:
            return []
        chosen = found if self._listed is None else found.intersection(ids_in(self._listed))
        return sorted(chosen - self._completed)

    def _changed(self, point_id: str) -> bool:
        seen = stamp(f"{self._points_dir}/{point_id}", with_rows=self._tracker.mode == "online")
        if seen == self._stamps.get(point_id):
            return False
        self._stamps[point_id] = seen
        return True

    def _update(self, directory: Path) -> None:
        if self._num_failures >= MAX_FAILURES:
            return  # another writer has given up
        files = read_point(directory)
        if files is None:
            del self._stamps[directory.name]
            return
        try:
            self._show(files)
            self._num_failures = 0
        except ServerLost:
            raise
        except Exception as error:
            self._give_up_on(directory.name, error)

    def _give_up_on(self, point_id: str, error: Exception) -> None:
        """Leave the point until its files change or the mirror starts again."""
        logger.warning("point %s: no run written", point_id, exc_info=error)
        if run := self._live.pop(point_id, None):
            run.abandon()
        self._num_failures += 1
        if self._num_failures >= MAX_FAILURES:
            raise TooManyFailures(f"{MAX_FAILURES} runs in a row could not be written") from error

    def _show(self, files: PointFiles) -> None:
        if self._own_job and files.status.get("job") != job_id():
            return  # the mirror of the Slurm job that had the point last writes it
        if not files.ended:
            if files.state == "running" and self._tracker.mode == "online":
                self._run_of(files).log(files.rows)
            return
        if not is_written(files, self._tracker):
            run = self._run_of(files)
            run.log(files.rows)
            run.end(files)
            del self._live[files.directory.name]
            logger.info("point %s: run written, %s", files.directory.name, files.state)
        if files.state == "completed":
            self._completed.add(files.directory.name)

    def _run_of(self, files: PointFiles) -> PointRun:
        point_id = files.directory.name
        if point_id not in self._live:
            self._live[point_id] = PointRun(files, self._tracker, self._group)
        return self._live[point_id]
