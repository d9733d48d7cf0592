"""Time and memory that the analysis takes for a million rows.

    python -m benchmarks.million_rows [--rows 1000000]

Each command is a process of its own, as typed in a shell. The table gives its CPU time, which other load on
the machine hardly changes, its wall time, and its peak memory.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.table import AXES
from scaling.command.output import print_table

Points = npt.NDArray[np.float64]
ROOT = Path(__file__).parents[1]
COMMANDS = ("rules", "frontier", "report")


def main() -> None:
    """Write the tables, run the commands, and print their time and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = []
    num_rows = parser.parse_args().rows
    for name, points_of in CASES.items():
        with tempfile.TemporaryDirectory() as directory:
            num_models = _write(Path(directory) / "rows.csv", points_of(num_rows))
            rows += [(name, f"{num_models:,}", *_took(command, directory)) for command in COMMANDS]
    load = f"load {os.getloadavg()[0]:.1f}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, pandas {pd.__version__}, {load}"
    head = ("table", "models", "command", "exit code", "processor (s)", "passed (s)", "memory (GB)")
    print_table(f"{num_rows:,} rows", head, rows, machine)


def _seeds(num_rows: int) -> Points:
    """A grid of 10,000 models, with a hundred seeds each for a million rows."""
    sizes = (25, 20, 5, 4)
    return np.repeat(_grid(sizes), num_rows // int(np.prod(sizes)), axis=0)


def _cloud(num_rows: int) -> Points:
    """As many models as rows, with random axes."""
    generator = np.random.default_rng(0)
    whole = np.column_stack(
        [generator.integers(*ends, num_rows) for ends in ((10, 500), (64, 512), (1, 400))]
    )
    return np.column_stack([whole[:, 0], generator.uniform(0.25, 4, num_rows), whole[:, 1:]])


def _square(num_rows: int) -> Points:
    """As many models as rows, all of one resolution and number of epochs."""
    side = int(num_rows**0.5)
    return _grid((side, side, 1, 1))


CASES: dict[str, Callable[[int], Points]] = {
    "grid, many seeds": _seeds,
    "cloud of models": _cloud,
    "depth by width": _square,
}


def _grid(sizes: tuple[int, ...]) -> Points:
    ends = ((10, 500), (0.25, 4), (64, 512), (10, 350))
    values = [np.linspace(*span, size) for span, size in zip(ends, sizes, strict=True)]
    values[AXES.index("resolution")] = values[AXES.index("resolution")].round()
    return np.stack(np.meshgrid(*values, indexing="ij"), axis=-1).reshape(-1, len(AXES))


def _write(path: Path, points: Points) -> int:
    """Write rows with a power law of FLOPs and noise of 0.2 points; return the number of models."""
    rows = pd.DataFrame(points, columns=list(AXES))
    flops = 1e3 * rows["depth"] * rows["width"] ** 2 * rows["resolution"] ** 2
    noise = np.random.default_rng(1).normal(0, 0.2, len(rows))
    error = 8 + 40 * (flops / flops.min()) ** -0.25 + 10 * rows["epochs"] ** -0.5 + noise
    models = rows.groupby(list(AXES))
    rows = rows.assign(seed=models.cumcount(), flops=flops, params=1e4 * rows["depth"] * rows["width"] ** 2)
    rows.assign(top1=100 - error.clip(0, 100)).to_csv(path, index=False)
    return models.ngroups


def _took(command: str, directory: str) -> tuple[str, ...]:
    began = time.monotonic()
    words = [sys.executable, "-m", "analysis", command, "rows.csv"]
    process = subprocess.Popen(
        words, cwd=directory, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    passed = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    processor = usage.ru_utime + usage.ru_stime
    return (
        command,
        str(process.returncode),
        f"{processor:.0f}",
        f"{passed:.0f}",
        f"{usage.ru_maxrss / 1e6:.1f}",
    )


if __name__ == "__main__":
    main()
