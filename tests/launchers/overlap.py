"""Two workers on one study: one is stopped while it trains, past its lease, and wakes when it was replaced.

    python tests/launchers/overlap.py --repetitions 100           or: --json, an outcome a line

Both are real processes on overlapping points. In each repetition the first is stopped (SIGSTOP) at a random
moment of its first point, the second takes over and trains it, and the first goes on (SIGCONT) at a random
moment after that. What must hold: each point is committed once, by its last holder; every file is whole and
bit for bit that of an undisturbed run, times aside; the woken worker writes nothing and goes on with its
list.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scaling.data.catalog import DataConfig, declare
from scaling.models.resnet_small import ResNetSmall
from scaling.study.point import Point
from scaling.study.store import Study, Task
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

HEARTBEAT_S, STALE_AFTER_S = 0.1, 1.5

WORKER = f"""
import sys
from pathlib import Path
from scaling.study import lease
from scaling.study.store import Study
from scaling.training.runtime import Runtime
from scaling.training.worker import run_point
lease.HEARTBEAT_S, lease.STALE_AFTER_S = {HEARTBEAT_S}, {STALE_AFTER_S}
for line in sys.stdin:
    launch, path, *point_ids = line.split()
    for point_id in point_ids:
        study = Study.open(Path(path))
        run_point(study, point_id, Runtime(), launch=launch, snapshot=None, should_stop=lambda: False)
    print("done", flush=True)
"""
"""Takes lists of points, one after another, so that torch is imported once."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One repetition. Every count but `refused` should be 0, and that 1."""

    refused: int
    """Woken workers whose point was no longer theirs."""
    lost: int
    """Points without a result."""
    by_others: int
    """Results that are not of the last holder of the point."""
    differing: int
    """Points whose metrics are not those of an undisturbed run."""
    leftovers: int
    """Files that were written aside and stayed."""


class Worker:
    """A process that trains the points it is told to."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def train(self, study: Study, launch: str, points: Sequence[Point]) -> None:
        """Begin with the points; `wait` for their end."""
        assert self.process.stdin is not None
        ids = " ".join(point.id for point in points)
        self.process.stdin.write(f"{launch} {study.path} {ids}\n")
        self.process.stdin.flush()

    def wait(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "done\n"


def main() -> int:
    """Print a table, or an outcome a line; 1 where something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    random.seed(0)
    workers = Worker(), Worker()
    try:
        outcomes = _outcomes(workers, options.repetitions)
    finally:
        for worker in workers:
            worker.process.kill()
    if options.json:
        sys.stdout.write("".join(json.dumps(asdict(outcome)) + "\n" for outcome in outcomes))
    else:
        _print(outcomes)
    return int(any(asdict(outcome) != EXPECTED for outcome in outcomes))


EXPECTED = {"refused": 1, "lost": 0, "by_others": 0, "differing": 0, "leftovers": 0}


def _outcomes(workers: tuple[Worker, Worker], repetitions: int) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as root:
        undisturbed = _study(Path(root) / "undisturbed")
        workers[0].train(undisturbed, "alone", _points())
        workers[0].wait()
        reference = _metrics(undisturbed)
        return [
            _repetition(*workers, _study(Path(root) / f"{number}"), reference)
            for number in range(repetitions)
        ]


def _repetition(first: Worker, second: Worker, study: Study, reference: dict[str, object]) -> Outcome:
    points = _points()
    first.train(study, "first", points[:2])
    _wait_for(study.directory(points[0].id) / "metrics.jsonl")
    time.sleep(random.uniform(0, 0.1))
    first.process.send_signal(signal.SIGSTOP)
    time.sleep(STALE_AFTER_S + 3 * HEARTBEAT_S)
    second.train(study, "second", [points[0], points[2], points[1]])
    time.sleep(random.uniform(0, 1.5))
    first.process.send_signal(signal.SIGCONT)
    first.wait()
    second.wait()
    return _outcome(study, points, reference)


def _outcome(study: Study, points: Sequence[Point], reference: dict[str, object]) -> Outcome:
    results = [study.directory(point.id) / "result.json" for point in points]
    committed = [json.loads(file.read_text()) for file in results if file.exists()]
    last = [max(study.directory(each["id"]).glob("lease-*.json")).stem for each in committed]
    logs = (study.directory(points[0].id) / "log.txt").read_text()
    metrics = _metrics(study)
    return Outcome(
        refused=logs.count("this one writes nothing more") + logs.count("this one is dropped"),
        lost=len(points) - len(committed),
        by_others=sum(
            each["provenance"]["token"] != int(name.removeprefix("lease-"))
            for each, name in zip(committed, last, strict=True)
        ),
        differing=sum(metrics[point.id] != reference[point.id] for point in points),
        leftovers=sum(1 for _ in study.path.glob("points/*/.*")),
    )


def _metrics(study: Study) -> dict[str, object]:
    """What a point reports, by its id: status, final metrics and every row of its curve, without times."""
    found: dict[str, object] = {}
    for point in _points():
        directory = study.directory(point.id)
        rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
        final = json.loads((directory / "result.json").read_text())["metrics"]
        timeless = [{name: row[name] for name in row if name != "seconds"} for row in rows]
        found[point.id] = (study.state(point.id).status, study.noted(point.id).status, final, timeless)
    return found


def _study(path: Path) -> Study:
    study = Study.create(path, Task("mnist5k"))
    study.add(_points())
    return study


def _points() -> list[Point]:
    data = declare(DataConfig(name="mnist5k", num_train=256, num_val=64))
    return [
        Point(
            depth=8,
            width=0.125,
            resolution=8,
            epochs=5,
            seed=seed,
            family="resnet_small",
            model=ResNetSmall(),
            data=data,
            recipe=Recipe(batch_size=32),
            schedule=Schedule(),
            precision="fp32",
        )
        for seed in range(3)
    ]


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline, f"{file} did not appear"
        time.sleep(0.01)


def _print(outcomes: Sequence[Outcome]) -> None:
    table = Table(
        title=f"{len(outcomes)} repetitions, {platform.machine()}, Python {platform.python_version()}"
    )
    for name in ("a worker stopped past its lease", "should be", "was"):
        table.add_column(name)
    for name, each in EXPECTED.items():
        total = sum(getattr(outcome, name) for outcome in outcomes)
        table.add_row(name.replace("_", " "), f"{each * len(outcomes)}", f"{total}")
    Console(width=100).print(table)


if __name__ == "__main__":
    sys.exit(main())
