"""Speed of finding frontiers: ours, moocore, paretoset and pymoo; and a check against timm's fronts.

    make bench                                                  or: python -m benchmarks.frontier_speed
    python -m benchmarks.frontier_speed --reference DIR         checks also the fronts in DIR/timm

Each library finds the frontier of the same rows in a separate process: the fastest of three tries, after a
small one for just-in-time compilation. A try that takes longer than `--limit` seconds is stopped. Peers that
are not installed are reported as such: pip install paretoset pymoo.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import moocore
import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.frontier.dominance import nondominated
from analysis.frontier.objectives import parse_objectives, read_objectives
from analysis.frontier.ranking import rank
from scaling.command.output import print_table

Rows = npt.NDArray[np.float64]
TRIES = 3
FRONTS = {"top1,throughput": 24, "top1,flops": 28, "top1,params": 32, "top1,throughput,flops,params": 126}
"""Sizes of the fronts as published with the data, with ties kept."""
MAPPING = {"throughput": "infer_samples_per_sec", "flops": "infer_gmacs", "params": "param_count"}
RESULTS, SPEEDS = "results-imagenet.csv", "benchmark-infer-amp-nchw-pt113-cu117-rtx3090.csv"


def main() -> None:
    """Print the comparison, and the check if the data are given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, help="directory with timm/ in it")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that one try may take")
    options = parser.parse_args()
    rows = [row for name, points in cases() for row in _compare(name, points, options.limit)]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, numpy {np.__version__}"
    note = f"{machine}; one process on one of them, fastest of {TRIES}"
    print_table(
        "Frontiers", ("rows x objectives", "on the frontier", "way", "seconds", "to ours"), rows, note
    )
    if options.reference is None:
        print("\ntimm's fronts: not checked, give --reference DIR")  # noqa: T201
    else:
        print_table(
            "timm's fronts", ("objectives", "rows", "published", "found"), timm(options.reference / "timm")
        )


def cases() -> list[tuple[str, Rows]]:
    """Rows to filter: independent objectives have a small frontier, a shell around a corner a large one."""
    generator = np.random.default_rng(0)
    return [
        ("1e6 x 3, independent", generator.random((10**6, 3))),
        ("1e6 x 3, large frontier", _shell(generator, 10**6, 3)),
        ("1e5 x 4, independent", generator.random((10**5, 4))),
        ("1e5 x 4, large frontier", _shell(generator, 10**5, 4)),
    ]


def _shell(generator: np.random.Generator, num_rows: int, num_objectives: int) -> Rows:
    """Rows on the part of the unit sphere around (1, …, 1) that faces the origin, raised by up to 0.02."""
    ways = np.abs(generator.standard_normal((num_rows, num_objectives)))
    return 1 - ways / np.linalg.norm(ways, axis=1, keepdims=True) + 0.02 * generator.random((num_rows, 1))


def _ours(points: Rows) -> int:
    return int(nondominated(points, ["minimise"] * points.shape[1]).sum())


def _moocore(points: Rows) -> int:
    return int(moocore.is_nondominated(points, keep_weakly=True).sum())


def _paretoset(points: Rows) -> int:
    from paretoset import paretoset

    return int(paretoset(points, distinct=False).sum())


def _pymoo(points: Rows) -> int:
    from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

    return len(NonDominatedSorting().do(points, only_non_dominated_front=True))


WAYS: dict[str, Callable[[Rows], int]] = {
    "ours": _ours,
    "moocore": _moocore,
    "paretoset": _paretoset,
    "pymoo": _pymoo,
}


def _work(work: Callable[[Rows], int], points: Rows, answer: Connection) -> None:
    work(points[:1000])
    for _ in range(TRIES):
        started = time.perf_counter()
        size = work(points)
        answer.send((size, time.perf_counter() - started))


def timed(work: Callable[[Rows], int], points: Rows, limit: float) -> tuple[int, float] | None:
    """Size of the frontier and seconds of the fastest try; None if no try ended within `limit` seconds."""
    context = multiprocessing.get_context("fork")  # the child inherits the rows
    ours, theirs = context.Pipe()
    child = context.Process(target=_work, args=(work, points, theirs))
    child.start()
    theirs.close()
    answers: list[tuple[int, float]] = []
    try:
        while len(answers) < TRIES and ours.poll(limit):
            answers.append(ours.recv())
    finally:
        child.terminate()
        child.join()
    return min(answers, key=lambda answer: answer[1], default=None)


def _compare(name: str, points: Rows, limit: float) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    base = None
    for way, work in WAYS.items():
        if way != "ours" and importlib.util.find_spec(way) is None:
            found.append((name, "", way, "not installed", ""))
            continue
        answer = timed(work, points, limit)
        if answer is None:
            found.append((name, "", way, f"over {limit:g}", ""))
            continue
        base = base or answer[1]
        found.append((name, f"{answer[0]:,}", way, f"{answer[1]:.3f}", f"{answer[1] / base:.2f}"))
    return found


def timm(directory: Path) -> list[tuple[str, ...]]:
    """Front sizes of timm's accuracies and one GPU's speeds, joined on architecture and image size."""
    results, speeds = (pd.read_csv(directory / name, dtype=str) for name in (RESULTS, SPEEDS))
    results["architecture"] = results["model"].str.partition(".")[0]
    joined = speeds.rename(columns={"model": "architecture", "infer_img_size": "img_size"}).merge(
        results.drop(columns="param_count"), on=["architecture", "img_size"]
    )
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "timm.csv"
        joined.to_csv(path, index=False)
        rows = []
        for words, published in FRONTS.items():
            ranking = rank(read_objectives(path, parse_objectives(words), MAPPING))
            rows.append((words, f"{len(ranking.points)}", f"{published}", f"{len(ranking.front)}"))
    return rows


if __name__ == "__main__":
    main()
