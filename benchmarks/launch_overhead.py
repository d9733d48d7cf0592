"""Overhead a point: our local pool beside submitit's local executor and a process a point, in one run.

    make bench                                       or: python benchmarks/launch_overhead.py --points 12

The same grid of tiny points is trained in three ways on two slots: by the pool (`-m`); by one submitit job a
point, at most two at a time and without a tracker; by one `python sweep.py` a point, two at a time, as a
shell loop would. The pool and the single processes write their W&B runs, as they do by default. Overhead is
wall time x slots minus the seconds spent in training steps, divided by the points.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table
from submitit.local.local import LocalExecutor

from scaling.study.store import Study
from scaling.training.runtime import Runtime
from scaling.training.worker import work
from scaling.training.worklist import Terms, WorkList

ROOT = Path(__file__).parents[1]
SLOTS = 2
SETTINGS = ["depth=8", "width=0.125", "resolution=8", "epochs=1", "data.num_train=512"]


def pool(root: Path, num_points: int) -> None:
    """One line, warm workers."""
    sweep(root, "-m", f"seed=range({num_points})", f"hydra.launcher.slots={SLOTS}")


def one_process_a_point(root: Path, num_points: int) -> None:
    """A new `python sweep.py` for each point."""
    with ThreadPoolExecutor(SLOTS) as threads:
        list(threads.map(lambda seed: sweep(root, f"seed={seed}"), range(num_points)))


def one_job_a_point(root: Path, num_points: int) -> None:
    """A submitit job for each point; submitit has no queue, so this keeps at most SLOTS of them going."""
    settings = (f"seed=range({num_points})", "tracker=none")
    sweep(root, "-m", *settings, script=("-m", "benchmarks.handed_over"))
    study = Study.open(root / "bench")
    executor = LocalExecutor(root / "jobs")
    executor.update_parameters(timeout_min=60)
    with ThreadPoolExecutor(SLOTS) as threads:
        alone = [_alone(study, point_id) for point_id in study.point_ids()]
        list(threads.map(lambda todo: executor.submit(work, todo).result(), alone))


def _alone(study: Study, point_id: str) -> WorkList:
    return WorkList(
        study=study.path,
        point_ids=(point_id,),
        terms=Terms(launch="bench", runtime=Runtime()),
    )


def sweep(root: Path, *arguments: str, script: Sequence[str] = ("sweep.py",)) -> None:
    """Run the front door, or what takes its place, into a study below `root`."""
    line = [sys.executable, *script, *arguments, *SETTINGS, f"study.root={root}", "study.name=bench"]
    subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def measure(way: Callable[[Path, int], None], num_points: int) -> tuple[float, float]:
    """Wall seconds, and seconds in training steps of all points."""
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        way(Path(directory), num_points)
        wall = time.perf_counter() - started
        files = list((Path(directory) / "bench/points").glob("*/result.json"))
        assert len(files) == num_points, f"{len(files)} of {num_points} points have a result"
        return wall, sum(json.loads(file.read_text())["measured"]["train_seconds"] for file in files)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=24)
    num_points = parser.parse_args().points
    os.environ["OMP_NUM_THREADS"] = "1"
    ways = {"pool": pool, "submitit job a point": one_job_a_point, "process a point": one_process_a_point}
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    table = Table(
        "way", "wall s", "training s", "overhead s a point", "ratio", title=f"n={num_points}, {machine}"
    )
    first = 0.0
    for name, way in ways.items():
        wall, training = measure(way, num_points)
        overhead = (SLOTS * wall - training) / num_points
        first = first or overhead
        table.add_row(name, f"{wall:.1f}", f"{training:.1f}", f"{overhead:.2f}", f"{overhead / first:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
