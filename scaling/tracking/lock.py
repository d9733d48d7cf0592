"""The lock of a study's runs, since two processes that send the same run would corrupt it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import TextIO


def is_ours(lock: TextIO) -> bool:
    """Take the lock on an open file; return False if another process has it. Without locks, return True."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def is_mirrored_by_jobs(study_dir: Path) -> bool:
    """Whether the mirror of a Slurm job is working on points of the study."""
    for file in study_dir.glob("jobs/*/taken-*.txt"):
        with open(file) as lock:
            if not is_ours(lock):
                return True
    return False
