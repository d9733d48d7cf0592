"""What arrives at W&B, and how much later a sweep ends, with working and failing servers.

    python -m benchmarks.wandb_arrivals

A real sweep of tiny points on two slots, with `tracker=wandb` and a server on loopback that works, drops
every request, is slow (6 s per request), answers 500, dies when two runs are complete, or refuses all
connections; then `python -m control sync` twice, with a working server. The end of a sweep is the time from
its last result to its return; it is compared with that of `tracker=none`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.tracking import machine
from scaling.study.store import Study
from scaling.tracking.point_files import read_point
from tests.wandb_server import Server

ROOT = Path(__file__).parents[1]
LINE = (
    "-m depth=8 width=0.125 resolution=8 epochs=1,2 data.num_train=256 data.num_val=64 hydra.launcher.slots=2"
)
KEY = "0123456789" * 4


def _dead(server: Server) -> None:
    server.dead = True


def _slow(server: Server) -> None:
    server.delay_s = 6.0


def _broken(server: Server) -> None:
    server.status = 500


def _dies(server: Server) -> None:
    server.dies_after = 2


def _well(server: Server) -> None:
    server.dead, server.delay_s, server.status, server.dies_after = False, 0.0, None, None


TROUBLES: dict[str, Callable[[Server], None]] = {
    "well": _well,
    "dead": _dead,
    "slow": _slow,
    "500": _broken,
    "dies midway": _dies,
    "no connection": _well,
}


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """The part of a study that a server has."""

    runs: int
    rows: int
    missing: int
    """Rows of the study that the server lacks."""
    rewound: int
    """Rows that arrived more than once."""
    states: str


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def swept(root: Path, tracker: str, url: str, seeds: int) -> tuple[Study, float]:
    """The study of a sweep, and the seconds from its last result to its return."""
    where = f"study.root={root} study.name=mine 'seed=range({seeds})' tracker={tracker}"
    _run(f"sweep.py {LINE} {where}", root, url)
    ended = time.time()
    last = max(file.stat().st_mtime for file in root.glob("mine/points/*/result.json"))
    return Study.open(root / "mine"), ended - last


def _run(line: str, root: Path, url: str) -> None:
    environment = os.environ | {"WANDB_BASE_URL": url, "WANDB_API_KEY": KEY, "HOME": str(root)}
    words = [sys.executable, *shlex.split(line)]
    subprocess.run(words, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def arrived(study: Study, server: Server) -> Arrived:
    every = [read_point(study.directory(point_id)) for point_id in study.point_ids()]
    wanted = {(files.directory.name, row["epoch"]) for files in every if files for row in files.rows}
    found = [(run_id, row["_step"]) for run_id, rows in server.rows.items() for row in rows]
    codes = list(server.exit_codes.values())
    states = f"{codes.count(0)} finished, {len(codes) - codes.count(0)} failed"
    return Arrived(
        runs=len(server.runs),
        rows=len(found),
        missing=len(wanted - set(found)),
        rewound=server.rewound.total() + len(found) - len(set(found)),
        states=states,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4, help="of two points each")
    seeds = parser.parse_args().seeds
    table = Table("server", "end s", "later s", "runs", "rows", "runs", "rows", "missing", "twice", "states")
    table.title = (
        f"{2 * seeds} points; the first runs and rows are there at the end of the sweep, the others "
    )
    table.title += f"after two syncs; {machine()}"
    with tempfile.TemporaryDirectory() as folder:
        _, plain = swept(Path(folder), "none", "http://127.0.0.1:9", seeds)
    table.add_row("tracker=none", f"{plain:.1f}", *[""] * 8)
    for name, make in TROUBLES.items():
        with tempfile.TemporaryDirectory() as folder, serving() as server:
            make(server)
            url = "http://127.0.0.1:9" if name == "no connection" else server.url
            study, end = swept(Path(folder), "wandb", url, seeds)
            before = arrived(study, server)
            _well(server)
            for _ in range(2):
                _run(f"-m control sync {study.path}", Path(folder), server.url)
            after = arrived(study, server)
            numbers = [before.runs, before.rows, after.runs, after.rows, after.missing, after.rewound]
            later = f"{end - plain:.1f}"
            table.add_row(name, f"{end:.1f}", later, *map(str, numbers), after.states)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
