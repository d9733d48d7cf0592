"""Quality of a decision against compute: how soon it is that of the full grid, for several ways to spend.

    python -m benchmarks.decision_quality --repetitions 200 --figure FILE.png
    python -m benchmarks.decision_quality --reference DIR        and on data that do not ship

A repetition draws the results of all runs of a source anew, and in simulated sources the truth. Every
strategy then spends train FLOPs run by run. At several shares of those of the full grid the decision is read
from what is measured: by the pairs that are measured, as a report does, or by foresight, as the verdicts that
the full grid is most likely to give. It is held against what the report says of the full grid of the same
repetition. DIR has jahs/cifar10_surrogate.csv.
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
"""Of the full grid's train FLOPs; at all of them every strategy but ours has made the full grid."""
FEW = (0.1, THIRD)
"""Where ours is read by pairs too, and the others by foresight."""
CHUNK = 5
WAYS = {**STRATEGIES, **OPTUNAS, OURS: teaches_most}
READS = {PAIRS: read_pairs, FORESIGHT: read_foresight}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, metavar="DIR", help="directory with jahs/")
    parser.add_argument("--repetitions", type=int, default=200, help="of each source")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--strategies", nargs="+", choices=WAYS, default=[*WAYS], metavar="NAME")
    parser.add_argument(
        "--rows", type=Path, metavar="FILE.csv", help="write what the tables are made of, as it comes"
    )
    parser.add_argument(
        "--kept", type=Path, metavar="FILE.csv", help="run nothing: tables of what --rows wrote"
    )
    parser.add_argument("--figure", type=Path, metavar="FILE.png", help="draw the picture")
    options = parser.parse_args()
    if options.reference is not None and not (options.reference / JAHS).is_file():
        parser.error(
            f"{options.reference} has no {JAHS}: leave --reference out, or name a directory that has."
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
    """All repetitions; the file of rows grows with them."""
    for rows in outcomes(options.reference, options.strategies, options.repetitions, options.processes):
        if options.rows is not None:
            rows.to_csv(options.rows, index=False)
    return rows


def outcomes(
    reference: Path | None, names: Sequence[str], repetitions: int, processes: int
) -> Iterator[pd.DataFrame]:
    """One row a source, repetition, strategy, reading and share: those so far, and all in the end."""
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
    """The outcomes of some repetitions of all sources."""
    known = _sources(reference)
    return pd.DataFrame(
        [row for number in numbers for source in known.values() for row in repetition(source, names, number)]
    )


@cache
def _sources(reference: Path | None) -> dict[str, Source]:
    return sources(reference)


def repetition(source: Source, names: Sequence[str], number: int) -> Iterator[dict[str, object]]:
    """The strategies on one draw of a source."""
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
    """What is read at each share, by pairs and by foresight; ours also where it stops."""
    at = [(PAIRS, share) for share in (FEW if ours else SHARES)]
    at += [(FORESIGHT, share) for share in ((*SHARES, STOP) if ours else FEW)]
    known: dict[tuple[str, bytes], Decision] = {}
    for reading, share in at:
        began = time.process_time()
        seen = measured(grid, runs, order, min(share, 1.0))
        key = reading, np.isfinite(seen).tobytes()
        if key not in known:  # between two shares there may be no run, or none any more
            known[key] = READS[reading](grid, seen)
        yield {
            "reading": reading,
            "share": share,
            "spent": float(np.isfinite(seen).sum(axis=1) @ grid.prices) / grid.whole,
            **quality(known[key], full, grid, runs.truth),
            "read_s": time.process_time() - began,
        }


def quality(found: Decision, full: Decision, grid: Grid, truth: Floats) -> dict[str, object]:
    """Of a decision, against that of the full grid.

    `rule:…` is whether each verdict is the same, and `decides:…` whether the full grid decides it; `all` is
    whether all are the same, `decided` whether all are that it decides (None where it decides none), `wrong`
    whether one of these is decided otherwise; then the factors by which crossover and cap are off, where both
    name one, and the regret of the family in points.
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
    """1 or more; NaN where one of them is missing."""
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
