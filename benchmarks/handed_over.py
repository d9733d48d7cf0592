"""`sweep.py` without training: the process ends when a plan is handed to the pool, with its points on disk.

It takes the same arguments and prints the number of jobs; for benchmarks of everything before training.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import NoReturn

from launchers.local import LocalPool
from launchers.request import Launching
from scaling.quantity import counted


def end(pool: LocalPool, launching: Launching, show: object) -> NoReturn:
    """Replaces `LocalPool.run`: print the number of jobs and exit."""
    del pool, show
    sys.stdout.write(f"{counted(len(launching.plan.to_run), 'job')} handed over\n")
    sys.exit()


if __name__ == "__main__":
    LocalPool.run = end  # type: ignore[method-assign]
    sys.argv[0] = "sweep.py"
    runpy.run_path(str(Path(__file__).parents[1] / "sweep.py"), run_name="__main__")
