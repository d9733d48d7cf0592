"""How fast a large study is read: its rows, status and table, and the plan of the same line.

    python -m benchmarks.large_study --points 10000 --finished 0.5

A normal line makes the points of a grid. Their results are synthetic, because reading is measured and not
training: each point gets the files that a worker leaves (`result.json`, `status.json`, and a row per epoch in
`metrics.jsonl`; no log), with plausible numbers made up from its axes. Each time is that of a new process,
including start-up; the files have just been written, so they are in the system's page cache. Of the
unfinished points, one in ten has failed and the others wait. 100,000 points take 2 GB below the temporary
directory, and are removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scaling.study.files import write_json, write_text
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study

ROOT = Path(__file__).parents[1]
NAME = "large"
AXES = ["depth=8,14,20,26,32", "width=0.25,0.5,0.75,1", "resolution=10,14,20,28", "epochs=range(1,26)"]
NUM_A_SEED = 5 * 4 * 4 * 25
BYTES_A_POINT = 21_000
ROWS = "import sys; from pathlib import Path; from scaling.study.store import Study; "
ROWS += "print(len(Study.open(Path(sys.argv[1])).rows()))"
TABLE = "import sys; from analysis.source.source import read_source; "
TABLE += "print(len(read_source(sys.argv[1]).rows))"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--finished", type=float, default=1.0, help="share of the points, 1 by default")
    asked = parser.parse_args()
    console = Console(width=100)
    with tempfile.TemporaryDirectory() as root:
        study = Path(root) / NAME
        line = line_of(study, asked.points)
        made = _seconds([sys.executable, "-m", "benchmarks.handed_over", "-m", *line])
        num_points = finish(Study.open(study), asked.finished)
        time.sleep(3)  # only files that have been at rest for a while are cached
        machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
        table = Table(
            "what", "seconds", title=f"n={num_points:,} points, {asked.finished:.0%} finished, {machine}"
        )
        table.add_row("the line that makes the points, until its pool is called", f"{made:.1f}")
        for what, command in _commands(study, [sys.executable, "sweep.py", "-m", *line, "plan=true"]):
            table.add_row(what, f"{_seconds(command):.1f}")
    console.print(table)


def line_of(study: Path, num_points: int) -> list[str]:
    """Arguments of a sweep with about `num_points` points; exits where the disk has no room for them."""
    num_seeds = max(1, round(num_points / NUM_A_SEED))
    needed = num_seeds * NUM_A_SEED * BYTES_A_POINT
    if shutil.disk_usage(study.parent).free < 2 * needed:
        sys.exit(f"{study.parent} has too little space: {2 * needed / 1e9:.1f} GB should be free.")
    about = [f"study.root={study.parent}", f"study.name={study.name}"]
    return [*AXES, f"seed=range({num_seeds})", "tracker=none", *about]


def _commands(study: Path, sweep: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Commands to time, in this order: the first reading of rows writes the index that later ones use."""
    python = sys.executable
    yield "python -m control status, without an index", [python, "-m", "control", "status", str(study)]
    yield "rows, first reading", [python, "-c", ROWS, str(study)]
    yield "rows", [python, "-c", ROWS, str(study)]
    yield "python -m control status", [python, "-m", "control", "status", str(study)]
    yield "table of the analysis", [python, "-c", TABLE, str(study)]
    yield "the same line again (plan=true)", sweep


def _seconds(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def finish(study: Study, share: float) -> int:
    """Write the files of a worker for this share of the points; return the number of all points."""
    ids = study.point_ids()
    num_finished = round(share * len(ids))
    for point_id in ids[num_finished::10]:
        study.note(point_id, State(status="failed", failure="killed", message="synthetic", attempt=1))
    for point_id in ids[:num_finished]:
        directory = study.directory(point_id)
        point = json.loads((directory / "point.json").read_text())
        epochs = _epochs(point)
        write_text(directory / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in epochs))
        write_json(directory / "result.json", _result(point, epochs[-1]))
        study.note(point_id, State(status="completed", attempt=1, epoch=len(epochs), code=code_digest()))
    return len(ids)


def _epochs(point: dict) -> list[dict[str, float]]:
    """A row per epoch of a made-up training: better for larger and longer ones, different for each point."""
    cost, luck = point["cost"], int(point["id"], 16) / 16**16 - 0.5
    rows = []
    for epoch in range(1, point["epochs"] + 1):
        error = 300 * cost["flops"] ** -0.2 + 20 * epoch**-0.5 + luck
        rows.append(
            {
                "epoch": epoch,
                "step": 27 * epoch,
                "train_flops": cost["train_flops"] * epoch // point["epochs"],
                "learning_rate": 0.1 * (1 - epoch / point["epochs"]),
                "train_loss": 0.03 * error,
                "train_top1": 98 - error,
                "seconds": cost["train_flops"] * epoch / point["epochs"] / 2e10,
                "loss": 0.033 * error,
                "top1": 100 - error,
            }
        )
    return rows


def _result(point: dict, last: dict[str, float]) -> dict:
    metrics = {name: last[name] for name in ("top1", "loss", "train_loss")} | {
        "test_top1": last["top1"] - 0.3
    }
    provenance = {"host": platform.node(), "python": platform.python_version(), "code": code_digest()}
    provenance |= {"device": "cpu", "threads": 1, "attempt": 1, "token": 1}
    provenance |= {"started": time.time() - last["seconds"], "ended": time.time()}
    return {
        "id": point["id"],
        "metrics": metrics,
        "measured": {"train_seconds": last["seconds"], "memory_bytes": 600_000_000 + point["cost"]["params"]},
        "provenance": provenance,
    }


if __name__ == "__main__":
    main()
