"""How fast a grid is planned and handed over: by ours, Hydra's own multirun and hydra-submitit-launcher.

    make bench                                       or: python -m benchmarks.planning --points 100

The same grid over the same conf/, in fresh processes one after the other: `sweep.py -m … plan=true` until it
exits; `sweep.py -m …` until its pool is called; Hydra's basic sweeper until its basic launcher calls an empty
task function for the last job, and until hydra-submitit-launcher hands all jobs to submitit. That launcher
is installed in the cache directory, for the peer's process only. Ours runs before, between and after the
peers.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.peers import SUBMITIT_LAUNCHER, installed

ROOT = Path(__file__).parents[1]
NETWORKS = ("depth=8,14,20,26,32", "width=0.25,0.5,0.75,1,1.25", "resolution=14,20,24,28")
NUM_NETWORKS = 5 * 5 * 4
EPOCHS_AT_MOST = 10


@dataclass(frozen=True, kw_only=True)
class Way:
    """A command that plans a grid or hands it over."""

    name: str
    script: tuple[str, ...]
    """Python's arguments, relative to the root of the checkout, up to the axes."""
    settings: tuple[str, ...]
    """Arguments after the axes; {directory} is a new directory for its output."""
    says: str
    """Text that its output must contain; {points} is their number."""
    path: Path | None = None
    """Additional directory to import from."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """Measurements of a process that has ended."""

    seconds: float
    """Wall time from start to end."""
    cpu_seconds: float
    """CPU time of the process and the children it waited for; other load changes this less."""
    memory_mb: float
    """Peak resident memory."""
    output: str
    """Output on stdout and stderr."""


Runs = Mapping[tuple[str, int], Sequence[Ran]]
"""Runs by name of the way and number of points."""

OURS = ("study.root={directory}", "study.name=bench")
PLAN = Way(
    name="ours, plan on the screen",
    script=("sweep.py", "-m"),
    settings=(*OURS, "plan=true"),
    says=" {points} to run",
)
HANDED_OVER = Way(
    name="ours, handed over",
    script=("-m", "benchmarks.handed_over", "-m"),
    settings=OURS,
    says="{points} jobs handed over",
)


def peer(name: str, launcher: str, num_points: int, path: Path | None = None) -> Way:
    """Hydra's own sweeper with this launcher, without our plugins."""
    return Way(
        name=name,
        script=("benchmarks/plain_hydra.py", str(num_points), "-m", "hydra/sweeper=basic"),
        settings=(f"hydra/launcher={launcher}", "hydra.sweep.dir={directory}", "hydra.sweep.subdir=."),
        says="{points} jobs handed over",
        path=path,
    )


def main() -> None:
    """Print the comparison at one number of points, with ours also at ten times as many."""
    num_points = asked()
    basic = peer("Hydra, its basic launcher", "basic", num_points)
    submitit = peer("Hydra, submitit launcher", "submitit_local", num_points, installed(SUBMITIT_LAUNCHER))
    title = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
    title += f"{SUBMITIT_LAUNCHER}, load {os.getloadavg()[0]:.1f} before"
    check_without_torch(num_points)
    ours = [(way, size) for size in (num_points, 10 * num_points) for way in (PLAN, HANDED_OVER)]
    runs: dict[tuple[str, int], list[Ran]] = defaultdict(list)
    for way, size in [*ours, (basic, num_points), *ours, (submitit, num_points), *ours]:
        runs[way.name, size].append(run(way, size))
    Console(width=116).print(table_of(runs, title))


def asked() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1000, help="100, or a multiple of 1,000")
    num_points: int = parser.parse_args().points
    if num_points != NUM_NETWORKS and (num_points < 1 or num_points % (NUM_NETWORKS * EPOCHS_AT_MOST)):
        parser.error(f"--points {num_points} should be 100, or a multiple of 1,000")
    return num_points


def check_without_torch(num_points: int) -> None:
    """Assert that a plan does not import torch."""
    output = run(PLAN, num_points, "-X", "importtime").output
    imported = {line.rpartition("|")[2].strip() for line in output.splitlines()}
    assert "hydra" in imported, "-X importtime lists no imports"
    assert "torch" not in imported, "the plan imports torch"


def run(way: Way, num_points: int, *options: str) -> Ran:
    """Run a way in a process of its own, and check its output."""
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile() as output:
        words = [*way.script, *axes(num_points), *way.settings]
        line = [sys.executable, *options, *(word.format(directory=directory) for word in words)]
        environment = {**os.environ, "PYTHONPATH": str(way.path or "")}
        started = time.perf_counter()
        process = subprocess.Popen(line, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    says = way.says.format(points=num_points)
    assert process.returncode == 0, text
    assert says in text, f"{way.name} does not say {says}: {text}"
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return Ran(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        memory_mb=usage.ru_maxrss * unit / 1e6,
        output=text,
    )


def axes(num_points: int) -> list[str]:
    """Arguments of a grid with this number of distinct points."""
    num_epochs = min(EPOCHS_AT_MOST, num_points // NUM_NETWORKS)
    num_seeds = num_points // NUM_NETWORKS // num_epochs
    return [*NETWORKS, f"epochs=range(1,{num_epochs + 1})", f"seed=range({num_seeds})", "tracker=none"]


def table_of(runs: Runs, title: str) -> Table:
    """Table of all runs; ratios are to `ours, handed over` at the same number of points."""
    columns = ("way", "points", "n", "seconds", "CPU s", "points a second", "memory MB", "ratio", "CPU ratio")
    table = Table(*columns, title=title)
    for (name, num_points), ran in runs.items():
        seconds, cpu_seconds = medians(ran)
        ours, cpu_ours = medians(runs[HANDED_OVER.name, num_points])
        table.add_row(
            name,
            f"{num_points:,}",
            f"{len(ran)}",
            f"{seconds:.2f}",
            f"{cpu_seconds:.2f}",
            f"{num_points / seconds:,.1f}",
            f"{max(each.memory_mb for each in ran):.0f}",
            f"{seconds / ours:.1f}",
            f"{cpu_seconds / cpu_ours:.1f}",
        )
    return table


def medians(ran: Sequence[Ran]) -> tuple[float, float]:
    """Median wall and CPU seconds."""
    return median(each.seconds for each in ran), median(each.cpu_seconds for each in ran)


if __name__ == "__main__":
    main()
