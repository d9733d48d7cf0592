"""The command of a mirror, the process that writes the W&B runs of a study from its files.

    python -m scaling.tracking STUDY_DIR [--mode offline] [--until-pid PID] [--listed FILE]

Without --until-pid, the mirror writes the points that have ended and exits. With --until-pid, it watches the
study until that process is gone or closes the mirror's standard input, then writes what is left. On SIGUSR1,
an online mirror stops waiting for its server and writes the rest offline. It logs to standard error.
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
"""Unix niceness of the process, so that training goes first."""

SPREAD_S = 5.0
"""Time over which the first requests of mirrors are spread when Slurm starts many jobs at once."""

MISSING, FELL_BACK = 1, 3
"""Exit codes if runs could not be written, and if they were written offline instead of online."""


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
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # Slurm sends it to all processes of a job as a warning
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
    """Mirror until the launcher has ended; return False if runs could not be written."""
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
    """Become an offline mirror; W&B's helper process, which would keep trying, is ended with its data."""
    end_helper()
    os.execv(sys.executable, [*sys.orig_argv, "--fall-back"])


def _is_alone(lock: TextIO, launcher: Launcher) -> bool:
    """Wait until no other mirror works on these points; return False if the launcher ends before that."""
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
        "--listed", type=Path, metavar="FILE", help="mirror only points whose ids are in FILE, one per line"
    )
    args = parser.parse_args(argv)
    if not args.study_dir.is_dir():
        parser.error(f"{args.study_dir} is not a directory: give that of a study.")
    return args


if __name__ == "__main__":
    sys.exit(main())
