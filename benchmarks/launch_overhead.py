"""Overhead per point: our local pool, submitit, Hydra's launchers and a process per point, in one run.

    make bench                                       or: python -m benchmarks.launch_overhead --points 12

The same grid of tiny points is trained on two slots in several ways: by the pool (`-m`); by one submitit job
per point, at most two at a time; by Hydra's own multirun with hydra-joblib-launcher, which reuses two
workers, and with hydra-submitit-launcher, two jobs at a time; and by one `python sweep.py` per point, two at
a time, as in a shell loop. The pool and the single processes write their W&B runs, as they do by default; the
others write none, and their study has been made beforehand. Overhead is wall time x slots minus the seconds
spent in training steps, divided by the points. Ways that take seconds per point train fewer points.

Then the pool alone on points of about 30 seconds: the share of its slots' time spent in training steps, and
in training steps and the evaluations after each epoch together.
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
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from submitit.local.local import LocalExecutor

from benchmarks.peers import JOBLIB_LAUNCHER, SUBMITIT_LAUNCHER, installed
from benchmarks.plain_training import alone
from scaling.study.store import Study
from scaling.training.worker import work

ROOT = Path(__file__).parents[1]
SLOTS = 2
NUM_POINTS = 200
FEWER = 24
"""Number of points for ways that take seconds per point."""
TINY = ("depth=8", "width=0.125", "resolution=8", "epochs=1", "data.num_train=512")
LONG = ("depth=14", "width=0.5", "resolution=20", "epochs=20", "data.num_train=2000", "data.num_val=200")
"""Points of about half a minute on a core."""
NUM_LONG = 12


@dataclass(frozen=True, kw_only=True)
class Took:
    """Time that a way took for its points, in seconds."""

    num_points: int
    wall: float
    training: float
    """Sum over the points of the time in training steps."""
    evaluating: float
    """Sum over the points of the time in evaluations."""

    @property
    def overhead(self) -> float:
        return (SLOTS * self.wall - self.training) / self.num_points


def pool(root: Path, num_points: int, settings: Sequence[str] = TINY) -> None:
    """Our local pool: one line, whose workers stay warm."""
    sweep(root, "-m", f"seed=range({num_points})", f"hydra.launcher.slots={SLOTS}", *settings)


def one_process_a_point(root: Path, num_points: int) -> None:
    """A new `python sweep.py` for each point."""
    with ThreadPoolExecutor(SLOTS) as threads:
        list(threads.map(lambda seed: sweep(root, f"seed={seed}", *TINY), range(num_points)))


def one_job_a_point(root: Path, num_points: int) -> None:
    """A submitit job for each point, at most SLOTS at a time, since submitit has no queue."""
    study = made(root, num_points)
    executor = LocalExecutor(root / "jobs")
    executor.update_parameters(timeout_min=60)
    with ThreadPoolExecutor(SLOTS) as threads:
        each_alone = [alone(study, point_id) for point_id in study.point_ids()]
        list(threads.map(lambda todo: executor.submit(work, todo).result(), each_alone))


def hydra_joblib(root: Path, num_points: int) -> None:
    """Hydra's multirun with joblib's workers."""
    multirun(root, num_points, JOBLIB_LAUNCHER, "hydra/launcher=joblib", f"hydra.launcher.n_jobs={SLOTS}")


def hydra_submitit(root: Path, num_points: int) -> None:
    """Hydra's multirun with a process per job; its launcher starts a batch at a time."""
    batch = f"hydra.sweeper.max_batch_size={SLOTS}"
    multirun(root, num_points, SUBMITIT_LAUNCHER, "hydra/launcher=submitit_local", batch)


def made(root: Path, num_points: int) -> Study:
    """Make a study of tiny points without training them."""
    settings = (f"seed=range({num_points})", "tracker=none", *TINY)
    sweep(root, "-m", *settings, script=("-m", "benchmarks.handed_over"))
    return Study.open(root / "bench")


def sweep(root: Path, *arguments: str, script: Sequence[str] = ("sweep.py",)) -> None:
    """Run sweep.py, or `script` in its place, into a study below `root`."""
    line = [sys.executable, *script, *arguments, f"study.root={root}", "study.name=bench"]
    subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def multirun(root: Path, num_points: int, package: str, *words: str) -> None:
    """Run the plain Hydra app for each point of a study, with the launcher of `package`."""
    points = ",".join(f"'{point_id}'" for point_id in made(root, num_points).point_ids())
    line = [sys.executable, "benchmarks/plain_training.py", "-m", "hydra/sweeper=basic", *words]
    where = [f"study.root={root}", "study.name=bench", f"hydra.sweep.dir={root}/hydra"]
    environment = os.environ | {"PYTHONPATH": f"{installed(package)}:{ROOT}"}
    subprocess.run(
        [*line, *where, f"+point={points}"], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )


def measure(way: Callable[[Path, int], None], num_points: int) -> Took:
    with tempfile.TemporaryDirectory() as directory:
        started = time.perf_counter()
        way(Path(directory), num_points)
        wall = time.perf_counter() - started
        files = list((Path(directory) / "bench/points").glob("*/result.json"))
        assert len(files) == num_points, f"{len(files)} of {num_points} points have a result"
        measured = [json.loads(file.read_text())["measured"] for file in files]
        return Took(
            num_points=num_points,
            wall=wall,
            training=sum(each["train_seconds"] for each in measured),
            evaluating=sum(each["evaluate_seconds"] for each in measured),
        )


def compared(num_points: int, machine: str) -> Table:
    """Table of all ways; the pool runs before, between and after the peers, and ratios are to its median."""
    few = min(FEWER, num_points)
    peers: tuple[tuple[str, Callable[[Path, int], None], int], ...] = (
        (JOBLIB_LAUNCHER, hydra_joblib, num_points),
        ("submitit job a point", one_job_a_point, few),
        (SUBMITIT_LAUNCHER, hydra_submitit, few),
        ("process a point", one_process_a_point, few),
    )
    took: list[tuple[str, Took]] = [("pool", measure(pool, num_points))]
    for name, way, number in peers:
        took.append((name, measure(way, number)))
        if way in (hydra_joblib, one_process_a_point):
            took.append(("pool", measure(pool, num_points)))
    middle = median(each.overhead for name, each in took if name == "pool")
    table = Table("way", "points", "wall s", "training s", "overhead s a point", "ratio", title=machine)
    for name, each in took:
        numbers = f"{each.wall:.1f}", f"{each.training:.1f}", f"{each.overhead:.3f}"
        table.add_row(name, str(each.num_points), *numbers, f"{each.overhead / middle:.1f}")
    return table


def busy(machine: str) -> Table:
    """Table of how busy the pool keeps its slots with long points."""
    took = measure(lambda root, number: pool(root, number, LONG), NUM_LONG)
    table = Table(
        "points",
        "wall s",
        "training s a point",
        "slots in training",
        "in training or evaluation",
        title=machine,
    )
    whole = SLOTS * took.wall
    shares = took.training / whole, (took.training + took.evaluating) / whole
    each = took.training / took.num_points
    table.add_row(str(NUM_LONG), f"{took.wall:.1f}", f"{each:.1f}", *(f"{share:.1%}" for share in shares))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=NUM_POINTS)
    num_points = parser.parse_args().points
    os.environ["OMP_NUM_THREADS"] = "1"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
    machine += f"load {os.getloadavg()[0]:.1f} before"
    console = Console(width=110)
    console.print(compared(num_points, machine))
    console.print(busy(machine))


if __name__ == "__main__":
    main()
