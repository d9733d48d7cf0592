"""The command of a mirror, the process that writes the W&B runs of a study.

    python -m scaling.tracking STUDY_DIR [--mode offline] [--until-pid PID] [--listed FILE]

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
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TextIO

from scaling.tracking.client import end_helper, set_up_wandb
from scaling.tracking.launcher import Launcher
from scaling.tracking.lock import is_ours
from scaling.tracking.mirror import PAUSE_S, Mirror, TooManyFailures
from scaling.tracking.point_run import ServerLost
from scaling.tracking.process import GO_OFFLINE
from scaling.tracking.tracker import LOG, Tracker

logger = logging.getLogger("tracker")

NICENESS = 10

SPREAD_S = 5.0
"""Within which the mirrors of jobs that Slurm starts at once turn to the server for the first time."""

MISSING, FELL_BACK = 1, 3
"""Exit codes: runs could not be written; they were written offline in place of online."""


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
    parser = argparse.ArgumentParser(prog="python -m scaling.tracking", description=__doc__)
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
