"""How soon Slurm has a grid: from ours and hydra-submitit-launcher, on a real cluster, in one run.

    make bench                                       or: python -m benchmarks.slurm --points 100

Needs a Debian machine and root.

The same grid over the same conf/ is submitted to a cluster on this host, whose partition is down, so that
jobs wait and do not disturb the measurement. Times are from the start of the process until Slurm has the
first job, until it has all jobs, and until the command returns. The peer returns only when its jobs have
ended, so it is stopped.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.peers import SUBMITIT_LAUNCHER, installed
from benchmarks.planning import NUM_NETWORKS, ROOT, axes

CLUSTER = ROOT / "tests/slurm/cluster.sh"
REPEATS = 3
POLL_S = 0.1
GIVE_UP_AFTER_S = 900.0


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """Seconds since the start of a process."""

    first: float
    all: float
    returned: float | None
    """None if it did not return by itself."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10 * NUM_NETWORKS)
    num_points = parser.parse_args().points
    with tempfile.TemporaryDirectory() as directory:
        cluster = {"CLUSTER_DIR": directory, "CLUSTER_PORT": "27810", "MAX_ARRAY_SIZE": "10001"}
        subprocess.run([CLUSTER, "start"], env=os.environ | cluster, check=True, stdout=subprocess.DEVNULL)
        os.environ["SLURM_CONF"] = f"{directory}/slurm.conf"
        try:
            subprocess.run(["scontrol", "update", "partition=main", "state=down"], check=True)
            Console(width=116).print(compared(num_points))
        finally:
            subprocess.run([CLUSTER, "stop"], env=os.environ | cluster, check=True)


def compared(num_points: int) -> Table:
    """Table of ours, run before and after the peer, and the peer."""
    title = f"{num_points:,} points, {os.cpu_count()} cores, {platform.machine()}, {SUBMITIT_LAUNCHER}, "
    title += f"load {os.getloadavg()[0]:.1f} before"
    ours = [run_ours(num_points) for _ in range(REPEATS - 1)]
    peer = run_peer(num_points)
    ours.append(run_ours(num_points))
    table = Table(
        "way", "n", "first job s", "all jobs s", "returned s", "ratio, first", "ratio, all", title=title
    )
    first, every = median(each.first for each in ours), median(each.all for each in ours)
    returned = median(each.returned or 0.0 for each in ours)
    table.add_row("ours", f"{len(ours)}", f"{first:.2f}", f"{every:.2f}", f"{returned:.2f}", "1.0", "1.0")
    ratios = f"{peer.first / first:.1f}", f"{peer.all / every:.1f}"
    table.add_row(
        "hydra-submitit-launcher", "1", f"{peer.first:.2f}", f"{peer.all:.2f}", "after its jobs", *ratios
    )
    return table


def run_ours(num_points: int) -> Submitted:
    with tempfile.TemporaryDirectory() as directory:
        settings = ("hydra/launcher=slurm", "hydra.launcher.probe=false", f"study.root={directory}")
        return watched([sys.executable, "sweep.py", "-m", *axes(num_points), *settings], num_points)


def run_peer(num_points: int) -> Submitted:
    with tempfile.TemporaryDirectory() as directory:
        settings = (
            "hydra/sweeper=basic",
            "hydra/launcher=submitit_slurm",
            "hydra.launcher.mem_gb=1",
            f"hydra.sweep.dir={directory}",
            "hydra.sweep.subdir=${hydra.job.num}",
        )
        line = [sys.executable, "benchmarks/plain_slurm.py", "-m", *axes(num_points), *settings]
        return watched(line, num_points, path=installed(SUBMITIT_LAUNCHER))


def watched(line: list[str], num_points: int, path: Path | None = None) -> Submitted:
    """Start the process, poll Slurm's queue until all jobs are there, then empty it."""
    started, first = time.perf_counter(), None
    process = subprocess.Popen(
        line, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(path or "")}, stdout=subprocess.DEVNULL
    )
    while (num_jobs := len(_queue())) < num_points:
        now = time.perf_counter() - started
        first = now if first is None and num_jobs else first
        assert now < GIVE_UP_AFTER_S, f"{num_jobs} of {num_points} jobs after {now:.0f} s"
        assert process.poll() in (None, 0), f"{line[1]} ended with {process.returncode}"
        time.sleep(POLL_S)
    every = time.perf_counter() - started
    returned = _returned(process, started)
    subprocess.run(["scancel", "--user=root"], check=True)
    while _queue():
        time.sleep(POLL_S)
    return Submitted(first=first or every, all=every, returned=returned)


def _returned(process: subprocess.Popen[bytes], started: float) -> float | None:
    try:
        process.wait(10)
        return time.perf_counter() - started
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def _queue() -> list[str]:
    done = subprocess.run(["squeue", "-h", "-r", "-o", "%i"], capture_output=True, text=True, check=True)
    return done.stdout.split()


if __name__ == "__main__":
    main()
