"""The cost of tracking: CPU time of the mirror per point, and overhead per point of the local pool with it.

    python -m benchmarks.tracking [--points 40] [--seconds 30] [--replayed 4]

Points of 30 seconds with 20 epochs are replayed, two at a time: their files are written at the pace of real
training, with a real mirror running, offline and online (a server on loopback). Its CPU time, including that
of W&B's helper process, is compared with the time that the points take. For comparison, the way of W&B's
quickstart: `wandb.init`, a `log` per epoch and `finish` in the training process, which waits for them.

Then the pool trains the same tiny points without tracking, with offline and with online tracking.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.launch_overhead import TINY, measure, pool
from scaling.study.files import write_json, write_text
from scaling.tracking import Tracker
from scaling.tracking.process import command_of
from scaling.tracking.tracker import Mode
from tests.scaling.tracking.conftest import point_json
from tests.wandb_server import Server

EPOCHS = 20
AT_ONCE = 2
ROOT = Path(__file__).parents[1]


def machine() -> str:
    load = f"load {os.getloadavg()[0]:.1f} before"
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {load}"


@contextmanager
def served() -> Iterator[None]:
    """A context in which W&B's environment variables point to a server on loopback."""
    with Server() as server, tempfile.TemporaryDirectory() as home:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        before = dict(os.environ)
        os.environ.update(WANDB_BASE_URL=server.url, WANDB_API_KEY="0123456789" * 4, HOME=home)
        yield
        os.environ.clear()
        os.environ.update(before)
        server.shutdown()
        thread.join()


def row(epoch: int) -> dict[str, Any]:
    """A row of metrics.jsonl, as training writes it."""
    flops = {"step": 27 * epoch, "train_flops": 1e9 * epoch, "seconds": 1.5 * epoch}
    return {"epoch": epoch, **flops, "learning_rate": 0.1, "train_loss": 1.0, "loss": 1.0, "top1": 90.0}


def replay(directory: Path, seconds: float) -> None:
    """Write the files of a point over `seconds`, as training would."""
    rows = [row(epoch) for epoch in range(1, EPOCHS + 1)]
    for epoch in range(EPOCHS):
        write_json(directory / "status.json", {"status": "running", "attempt": 1, "epoch": epoch})
        write_text(directory / "metrics.jsonl", "".join(f"{json.dumps(each)}\n" for each in rows[:epoch]))
        time.sleep(seconds / EPOCHS)
    write_text(directory / "metrics.jsonl", "".join(f"{json.dumps(each)}\n" for each in rows))
    write_json(directory / "result.json", {"id": directory.name, "metrics": {"top1": 90.0}, "measured": {}})
    write_json(directory / "status.json", {"status": "completed", "attempt": 1, "epoch": EPOCHS})


def mirrored(num_points: int, seconds: float, mode: Mode) -> float:
    """CPU seconds of a mirror from its start to its end, while points are replayed."""
    with tempfile.TemporaryDirectory() as folder:
        directories = [Path(folder) / "points" / f"{seed:016x}" for seed in range(num_points)]
        for seed, directory in enumerate(directories):
            directory.mkdir(parents=True)
            write_json(directory / "point.json", point_json(directory.name, seed, EPOCHS))
        command = command_of(Path(folder), Tracker(mode=mode))
        process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT, stderr=subprocess.DEVNULL)
        with ThreadPoolExecutor(AT_ONCE) as slots:
            list(slots.map(lambda directory: replay(directory, seconds), directories))
        assert process.stdin is not None
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        assert len(list(Path(folder).glob("points/*/wandb/*run-*"))) == num_points
        return usage.ru_utime + usage.ru_stime


INLINE = """
import json, sys, time
started = time.perf_counter()
import wandb
imported = time.perf_counter() - started
for seed in range(int(sys.argv[1])):
    run = wandb.init(project="scaling-study", id=f"{seed:016x}", config={"seed": seed}, mode=sys.argv[2],
                     dir=sys.argv[3], settings=wandb.Settings(silent=True))
    for epoch in range(1, 21):
        run.log({"epoch": epoch, "loss": 1.0, "top1": 90.0}, step=epoch)
    run.finish()
print(json.dumps([imported, time.perf_counter() - started - imported]))
"""


def inline(num_points: int, mode: Mode) -> tuple[float, float]:
    """CPU seconds, and seconds that training waits, if the training process itself writes the runs."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", INLINE, str(num_points), mode, folder]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = process.stdout.read().splitlines()[-1]
        process.stdout.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime + usage.ru_stime, sum(json.loads(said))


def costs(num_points: int, seconds: float) -> Table:
    table = Table(
        "way", "points", "CPU s a point", "of a point", "training waits, s a point", title=machine()
    )

    def add(way: str, cpu: float, waits: float) -> None:
        each = cpu / num_points
        table.add_row(
            way, str(num_points), f"{each:.2f}", f"{each / seconds:.1%}", f"{waits / num_points:.2f}"
        )

    modes: tuple[Mode, ...] = ("offline", "online")
    with served():
        for mode in modes:
            add(f"mirror, {mode}", mirrored(num_points, seconds, mode), 0.0)
        for mode in modes:
            add(f"wandb in the training process, {mode}", *inline(num_points, mode))
    return table


def pools(num_points: int) -> Table:
    table = Table("tracker", "points", "wall s", "training s", "overhead s a point", title=machine())
    with served():
        for tracker in ("none", "wandb_offline", "wandb", "none"):
            settings = (*TINY, f"tracker={tracker}")
            took = measure(lambda root, number, settings=settings: pool(root, number, settings), num_points)  # type: ignore[misc]
            numbers = f"{took.wall:.1f}", f"{took.training:.1f}", f"{took.overhead:.3f}"
            table.add_row(tracker, str(num_points), *numbers)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=30.0, help="duration of a replayed point")
    parser.add_argument("--replayed", type=int, default=4, help="number of replayed points")
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    console = Console(width=110)
    console.print(costs(asked.replayed, asked.seconds))
    console.print(pools(asked.points))


if __name__ == "__main__":
    main()
