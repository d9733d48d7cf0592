"""`sweep.py` up to its pool: the process ends when a plan is handed over, with its points on disk.

Takes the same line, trains nothing, and says how many jobs there are. For benchmarks of what comes before.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import NoReturn

from launchers.local import LocalPool
from scaling.study.plan import Plan
from scaling.study.store import Study


def end(pool: LocalPool, study: Study, plan: Plan, *others: object) -> NoReturn:
    """In place of LocalPool.run."""
    del pool, study, others
    sys.stdout.write(f"{len(plan.to_run)} jobs handed over\n")
    sys.exit()


if __name__ == "__main__":
    LocalPool.run = end  # type: ignore[method-assign]
    sys.argv[0] = "sweep.py"
    runpy.run_path(str(Path(__file__).parents[1] / "sweep.py"), run_name="__main__")
