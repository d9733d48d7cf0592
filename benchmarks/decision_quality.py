"""Quality of decisions against compute: how soon several strategies reach the decision of the full grid.

    python -m benchmarks.decision_quality --repetitions 200 --figure FILE.png
    python -m benchmarks.decision_quality --reference DIR        adds data that are not included

Each repetition redraws the results of all runs of a source, and the truth of a simulated source. Every
strategy then spends train FLOPs run by run. At several shares of the full grid's train FLOPs, the decision is
read from the measured runs in two ways: by pairs, as a report does, and by foresight, as the most likely
verdicts of the full grid. It is compared with what the report says of the full grid in the same repetition.
DIR has jahs/cifar10_surrogate.csv.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from analysis.noise import Floats, Rows
from analysis.replicates import MAX_REPLICATES
from benchmarks.decision_figure import draw
from benchmarks.decision_foresight import read_foresight, teaches_most
from benchmarks.decision_optuna import OPTUNAS
from benchmarks.decision_reading import UNDECIDED, Decision, read_pairs, regret
from benchmarks.decision_sources import JAHS, JAHS_NAME, Grid, Runs, Source, sources
from benchmarks.decision_strategies import STRATEGIES, measured, spend
from benchmarks.decision_tables import FORESIGHT, OURS, PAIRS, STOP, THIRD, print_tables

SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, THIRD, 0.5, 0.75)
"""Shares of the full grid's train FLOPs; at 1, every strategy but ours would have run the full grid."""
FEW = (0.1, THIRD)
"""Shares at which ours is also read by pairs, and the others by foresight."""
CHUNK = 5
WAYS = {**STRATEGIES, **OPTUNAS, OURS: teaches_most}
READS = {PAIRS: read_pairs, FORESIGHT: read_foresight}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, metavar="DIR", help="directory with jahs/")
    parser.add_argument("--repetitions", type=int, default=200, help="repetitions of each source")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--strategies", nargs="+", choices=WAYS, default=[*WAYS], metavar="NAME")
    parser.add_argument(
        "--rows", type=Path, metavar="FILE.csv", help="write the rows behind the tables, as they are made"
    )
    parser.add_argument(
        "--kept", type=Path, metavar="FILE.csv", help="run nothing: print the tables of rows from --rows"
    )
    parser.add_argument("--figure", type=Path, metavar="FILE.png", help="draw the figure")
    options = parser.parse_args()
    if options.reference is not None and not (options.reference / JAHS).is_file():
        parser.error(
            f"{options.reference} has no {JAHS}: leave out --reference, or name a directory that has it."
        )
    if options.repetitions < 1 or options.processes < 1:
        parser.error("--repetitions and --processes are whole numbers from 1 on.")
    if options.kept is not None and not options.kept.is_file():
        parser.error(f"{options.kept} is not there: name a file that --rows wrote.")
    rows = pd.read_csv(options.kept) if options.kept is not None else run(options)
    print_tables(rows)
    print_cost(rows)
    if options.figure is not None:
        options.figure.write_bytes(draw(rows).png)


def run(options: argparse.Namespace) -> pd.DataFrame:
    """Run all repetitions; with --rows, write the rows so far after each chunk of them."""
    for rows in outcomes(options.reference, options.strategies, options.repetitions, options.processes):
        if options.rows is not None:
            rows.to_csv(options.rows, index=False)
    return rows


def outcomes(
    reference: Path | None, names: Sequence[str], repetitions: int, processes: int
) -> Iterator[pd.DataFrame]:
    """Yield the rows so far, in the end all: one per source, repetition, strategy, reading and share."""
    chunks = [range(first, min(first + CHUNK, repetitions)) for first in range(0, repetitions, CHUNK)]
    progress, found = Console(stderr=True), list[pd.DataFrame]()
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        made = [pool.submit(repeated, reference, names, chunk) for chunk in chunks]
        for done in as_completed(made):
            found.append(done.result())
            done_so_far = min(CHUNK * len(found), repetitions)
            progress.print(f"{done_so_far} of {repetitions} repetitions", highlight=False)
            yield pd.concat(found).sort_values("repetition", kind="stable", ignore_index=True)


def repeated(reference: Path | None, names: Sequence[str], numbers: Sequence[int]) -> pd.DataFrame:
    """Rows of the repetitions with these numbers, for all sources."""
    known = _sources(reference)
    return pd.DataFrame(
        [row for number in numbers for source in known.values() for row in repetition(source, names, number)]
    )


@cache
def _sources(reference: Path | None) -> dict[str, Source]:
    return sources(reference)


def repetition(source: Source, names: Sequence[str], number: int) -> Iterator[dict[str, object]]:
    """Rows of the strategies on one draw of a source."""
    runs = source.draw(np.random.default_rng((zlib.crc32(source.name.encode()), number)))
    full = read_pairs(source.grid, runs.errors, MAX_REPLICATES)
    about = {"source": source.name, "repetition": number}
    for name in names:
        began = time.process_time()
        generator = np.random.default_rng((number, zlib.crc32(name.encode())))
        order = spend(source.grid, WAYS[name], runs, generator, 1.0 if name == OURS else SHARES[-1])
        spent = {"strategy": name, "spend_s": time.process_time() - began}
        for row in _read(source.grid, runs, full, order, name == OURS):
            yield about | spent | row


def _read(grid: Grid, runs: Runs, full: Decision, order: Rows, ours: bool) -> Iterator[dict[str, object]]:
    """Rows of the decisions at each share, by pairs and by foresight; for ours, also where it stops."""
    at = [(PAIRS, share) for share in (FEW if ours else SHARES)]
    at += [(FORESIGHT, share) for share in ((*SHARES, STOP) if ours else FEW)]
    known: dict[tuple[str, bytes], Decision] = {}
    for reading, share in at:
        began = time.process_time()
        seen = measured(grid, runs, order, min(share, 1.0))
        key = reading, np.isfinite(seen).tobytes()
        if key not in known:  # two shares may have the same runs
            known[key] = READS[reading](grid, seen)
        yield {
            "reading": reading,
            "share": share,
            "spent": float(np.isfinite(seen).sum(axis=1) @ grid.prices) / grid.whole,
            **quality(known[key], full, grid, runs.truth),
            "read_s": time.process_time() - began,
        }


def quality(found: Decision, full: Decision, grid: Grid, truth: Floats) -> dict[str, object]:
    """Compare a decision with that of the full grid.

    `rule:…` is whether each verdict agrees, and `decides:…` whether the full grid decides it. `all` is
    whether all verdicts agree, `decided` whether those that the full grid decides agree (None if there are
    none), and `wrong` whether one of these is decided differently. `crossover` and `cap` are the factors
    between the two estimates, if both have one, and `regret` is that of the family in points.
    """
    same = {rule: found.verdicts[rule] == verdict for rule, verdict in full.verdicts.items()}
    decided = [rule for rule, verdict in full.verdicts.items() if verdict not in UNDECIDED]
    return {
        **{f"rule:{rule}": each for rule, each in same.items()},
        **{f"decides:{rule}": rule in decided for rule in same},
        "all": all(same.values()),
        "decided": all(same[rule] for rule in decided) if decided else None,
        "wrong": any(not same[rule] and found.verdicts[rule] not in UNDECIDED for rule in decided),
        "crossover": _factor(found.crossover, full.crossover),
        "cap": _factor(found.cap, full.cap),
        "regret": regret(grid, truth, found.family),
    }


def _factor(found: float | None, full: float | None) -> float:
    """Ratio of the larger to the smaller, 1 or more; NaN where one is missing."""
    return float("nan") if found is None or full is None else float(np.exp(abs(np.log(found / full))))


def print_cost(rows: pd.DataFrame) -> None:
    once = rows.drop_duplicates(["source", "repetition", "strategy"])
    spend_s = once.groupby("strategy", sort=False)["spend_s"].mean()
    read_s = rows.groupby("reading", sort=False)["read_s"].mean()
    each = ", ".join(f"{name} {1000 * value:.0f}" for name, value in [*spend_s.items(), *read_s.items()])
    total = float(once["spend_s"].sum() + rows["read_s"].sum())
    absent = "" if (rows["source"] == JAHS_NAME).any() else f"; {JAHS_NAME}: not here, give --reference"
    Console(soft_wrap=True).print(
        f"\n{rows['repetition'].nunique()} repetitions of {rows['source'].nunique()} sources, "
        f"{total / 60:.0f} min of one core; milliseconds to spend a grid, and to read it once: {each}"
        f"{absent}",
        highlight=False,
    )


if __name__ == "__main__":
    main()
