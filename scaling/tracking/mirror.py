"""A mirror: the process that writes the W&B runs of a study from the files its points leave.

    python -m scaling.tracking.mirror STUDY_DIR [--mode offline] [--until-pid PID] [--listed FILE]

Without --until-pid it writes what has ended and exits. With it, it watches until that process is gone or
closes the mirror's standard input, then writes what is left. On SIGUSR1 an online mirror waits for its server
no longer, and writes the rest offline. It says what it does on standard error.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import TextIO

from scaling.study.job import job_id
from scaling.study.launch import ids_in
from scaling.tracking.client import end_helper, set_up_wandb
from scaling.tracking.launcher import Launcher
from scaling.tracking.lock import is_ours
from scaling.tracking.point_files import PointFiles, Stamp, read_point, stamp
from scaling.tracking.point_run import PointRun, ServerLost, is_written
from scaling.tracking.process import GO_OFFLINE
from scaling.tracking.tracker import LOG, Tracker

logger = logging.getLogger("tracker")

NICENESS = 10

PAUSE_S = 2.0
MAX_LOAD = 0.1
"""Share of its time that a mirror may spend looking for changes: in a slow place it looks less often."""

AT_ONCE = 4
"""Runs that are opened or completed at a time, where a server answers: more would be a burden to it."""

SPREAD_S = 5.0
"""Within which the mirrors of jobs that Slurm starts at once turn to the server for the first time."""

MISSING, FELL_BACK = 1, 3
"""Exit codes: runs could not be written; they were written offline in place of online."""

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
        with ThreadPoolExecutor(AT_ONCE if self._tracker.mode == "online" else 1) as writers:
            for _ in writers.map(self._update, [self._points_dir / point_id for point_id in changed]):
                pass

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
    """Mirror a study until its launcher has ended."""
    args = _parse(argv)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logger.setLevel(logging.INFO)
    os.nice(max(0, NICENESS - os.nice(0)))
    set_up_wandb()
    tracker = Tracker(
        mode="offline" if args.fall_back else args.mode,
        project=args.project,
        entity=args.entity,
        system_metrics=args.system_metrics,
    )
    signal.signal(GO_OFFLINE, _told_to_go_offline if tracker.mode == "online" else signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # with it Slurm warns all processes of a job
    launcher = Launcher(args.until_pid)
    if tracker.mode == "online" and args.listed is not None:
        launcher.has_ended(random.uniform(0, SPREAD_S))
    with open(args.listed or args.study_dir / LOG, "a") as lock:
        if not _is_alone(lock, launcher):
            logger.info("another mirror is at work on these points; it writes the runs")
            return 0
        own_job = args.until_pid is not None or args.listed is not None
        is_done = _watch(Mirror(args.study_dir, tracker, listed=args.listed, own_job=own_job), launcher)
        return MISSING if not is_done else FELL_BACK if args.fall_back else 0


def _watch(mirror: Mirror, launcher: Launcher) -> bool:
    """Until the launcher has ended; False where runs could not be written."""
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
        return False
    return True


def _told_to_go_offline(_number: int, _frame: FrameType | None) -> None:
    logger.warning("W&B did not answer in time, so the rest is written offline")
    _go_on_offline()


def _go_on_offline() -> None:
    """Become an offline mirror; W&B's helper, which would try on, is ended with all that it holds."""
    end_helper()
    os.execv(sys.executable, [*sys.orig_argv, "--fall-back"])


def _is_alone(lock: TextIO, launcher: Launcher) -> bool:
    """Wait until no other mirror is at work on these points; False when the launcher ends before that."""
    while not is_ours(lock):
        if launcher.has_ended(PAUSE_S):
            return False
    return True


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scaling.tracking.mirror", description=__doc__)
    parser.add_argument("study_dir", type=Path, metavar="STUDY_DIR")
    parser.add_argument("--mode", choices=["offline", "online"], default="offline")
    parser.add_argument("--project", default=Tracker.project)
    parser.add_argument("--entity")
    parser.add_argument(
        "--fall-back", action="store_true", help="write offline what an online mirror could not send"
    )
    parser.add_argument("--system-metrics", action="store_true")
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
