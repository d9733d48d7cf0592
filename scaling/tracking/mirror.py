"""A mirror: the process that writes the W&B runs of a study from the files its points leave.

    python -m scaling.tracking.mirror STUDY_DIR [--mode offline] [--until-pid PID] [--listed FILE]

Without --until-pid it writes what has ended and exits. With it, it watches until that process is gone or
closes the mirror's standard input, then writes what is left. It says what it does on standard error.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import psutil

from scaling.study.job import job_id
from scaling.study.launch import ids_in
from scaling.tracking.launcher import Launcher
from scaling.tracking.point_files import PointFiles, Stamp, read_point, stamp
from scaling.tracking.point_run import PointRun, ServerLost, is_written
from scaling.tracking.tracker import LOG, Tracker

logger = logging.getLogger("tracker")

NICENESS = 10

PAUSE_S = 2.0
MAX_LOAD = 0.1
"""Share of its time that a mirror may spend looking for changes: in a slow place it looks less often."""

MAX_FAILURES = 3
"""Runs in a row that cannot be written before the mirror gives up; the next start catches up."""


class TooManyFailures(RuntimeError):
    """Runs cannot be written here, and trying each of them would take long."""


class Mirror:
    """Remembers what it has seen of each point, so that a look costs little where nothing has changed."""

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
        """Write what is new, or `again` all that can be. Raises ServerLost and TooManyFailures."""
        began = time.monotonic()
        changed = [point_id for point_id in self._unfinished() if self._changed(point_id) or again]
        self.pause_s = max(PAUSE_S, (time.monotonic() - began) / MAX_LOAD)
        for point_id in changed:
            self._update(self._points_dir / point_id)

    def close(self) -> None:
        """Write all that has ended, and close the runs of points that have not."""
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
        if self._num_failures == MAX_FAILURES:
            raise TooManyFailures(f"{MAX_FAILURES} runs in a row could not be written") from error

    def _show(self, files: PointFiles) -> None:
        if self._own_job and files.status.get("job") != job_id():
            return  # the Slurm job that had the point last writes its run
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


def main(argv: Sequence[str] | None = None) -> int:
    """Mirror a study until its launcher has ended; 1 when runs could not be written."""
    args = _parse(argv)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logger.setLevel(logging.INFO)
    os.nice(max(0, NICENESS - os.nice(0)))
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    os.environ.pop("WANDB_SERVICE", None)  # another process's helper, where the launcher has runs of its own
    tracker = Tracker(mode=args.mode, project=args.project, entity=args.entity)
    launcher = Launcher(args.until_pid)
    with open(args.listed or args.study_dir / LOG, "a") as lock:
        if not _is_alone(lock, launcher):
            logger.info("another mirror is at work on these points; it writes the runs")
            return 0
        own_job = args.until_pid is not None or args.listed is not None
        return _watch(Mirror(args.study_dir, tracker, listed=args.listed, own_job=own_job), launcher)


def _watch(mirror: Mirror, launcher: Launcher) -> int:
    try:
        mirror.look()
        while not launcher.has_ended(mirror.pause_s):
            mirror.look()
        mirror.close()
    except ServerLost as error:
        logger.warning("W&B cannot be reached, so runs are written offline from here on: %s", error)
        _go_on_offline()
    except TooManyFailures as error:
        logger.error("%s: giving up; the next start catches up", error)
        return 1
    return 0


def _go_on_offline() -> None:
    """Become an offline mirror; W&B's helper, which would try on, is ended with all that it holds."""
    for child in psutil.Process().children():
        child.kill()
    os.execv(sys.executable, [*sys.orig_argv, "--mode", "offline"])


def _is_alone(lock: TextIO, launcher: Launcher) -> bool:
    """Wait until no other mirror is at work on these points; False when the launcher ends before that."""
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if launcher.has_ended(PAUSE_S):
                return False
        except OSError:  # a file system without locks
            return True


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scaling.tracking.mirror", description=__doc__)
    parser.add_argument("study_dir", type=Path, metavar="STUDY_DIR")
    parser.add_argument("--mode", choices=["offline", "online"], default="offline")
    parser.add_argument("--project", default=Tracker.project)
    parser.add_argument("--entity")
    parser.add_argument("--until-pid", type=int)
    parser.add_argument(
        "--listed", type=Path, metavar="FILE", help="mirror only points whose ids stand in FILE, a line each"
    )
    args = parser.parse_args(argv)
    if not args.study_dir.is_dir():
        parser.error(f"{args.study_dir} is not a directory: name that of a study.")
    return args


if __name__ == "__main__":
    sys.exit(main())
