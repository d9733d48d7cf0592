"""The requirements on the analysis and what it achieves, in one table.

    make prove                                              or: python -m benchmarks.analysis_proofs
    python -m benchmarks.analysis_proofs --reference DIR    adds what needs data that are not included

DIR has timm/, gemstones/ and learning_curves/; rows without their data say so. Of simulations, the worst kind
is shown with its Clopper-Pearson interval. The interval of a coverage must touch the required range; a rate
of verdicts must itself lie in it. The tables of the single benchmarks show every kind. Times are of one core.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from rich.console import Console

from analysis.findings import find
from analysis.law.bootstrap import cluster_bootstrap
from analysis.law.fit import fit
from analysis.law.form import additive
from analysis.source.source import read_source
from benchmarks import frontier_speed, held_out, law_coverage, law_fits, learning_curves, rule_coverage
from benchmarks.rates import Rate
from scaling.command.output import print_table

SPEED_LIMIT_S = 1.5
FITS_LIMIT_S = 15.0
BOOTSTRAPS_LIMIT_S = 20.0
CURVE_LIMIT_S = 1.0
HELD_OUT_LIMIT = 0.9


@dataclass(frozen=True)
class Proof:
    what: str
    asked: str
    """The requirement; empty where there is none and the number is only reported."""
    reached: str
    holds: bool | None
    """Whether the requirement is met; None without data or requirement."""


@dataclass(frozen=True, kw_only=True)
class Options:
    reference: Path | None
    grids: int


def main() -> None:
    """Print each row as soon as it is known, and the table at the end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, help="directory with timm/, gemstones/, learning_curves/")
    parser.add_argument("--grids", type=int, default=1000, help="simulated studies of each kind")
    parsed = parser.parse_args()
    options = Options(reference=parsed.reference, grids=parsed.grids)
    proofs = []
    progress = Console(stderr=True, soft_wrap=True)
    for proof in (proof for section in SECTIONS for proof in section(options)):
        progress.print(f"{proof.what}: {proof.reached}", markup=False, highlight=False)
        proofs.append(proof)
    verdicts = {True: "holds", False: "missed", None: "no data"}
    rows = [
        (proof.what, proof.asked or "-", proof.reached, verdicts[proof.holds] if proof.asked else "-")
        for proof in proofs
    ]
    counts = ", ".join(f"{sum(row[3] == verdict for row in rows)} {verdict}" for verdict in verdicts.values())
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    note = f"{counts}; {options.grids} grids a kind; {machine}, numpy {np.__version__}"
    print_table("The analysis", ("what", "required", "reached", ""), rows, note)


def fronts(options: Options) -> Iterator[Proof]:
    if options.reference is None:
        for objectives, size in frontier_speed.FRONTS.items():
            yield _without_data(f"timm's front of {objectives}", f"{size}")
        return
    for objectives, _, published, found in frontier_speed.timm(options.reference / "timm"):
        yield Proof(f"timm's front of {objectives}", published, found, found == published)


def speed(_: Options) -> Iterator[Proof]:
    for name, points in frontier_speed.cases():
        answer = frontier_speed.timed(frontier_speed.WAYS["ours"], points, limit=60.0)
        seconds = float("inf") if answer is None else answer[1]
        yield Proof(f"front of {name}", f"< {SPEED_LIMIT_S:g} s", f"{seconds:.2f} s", seconds < SPEED_LIMIT_S)


def fits(options: Options) -> Iterator[Proof]:
    rows = law_fits.read(options.reference)
    total = 0.0
    for knobs, published in law_fits.PUBLISHED.items():
        what, asked = f"Gemstones' fit in {', '.join(knobs)}", f"<= {published:.6e}"
        if rows is None:
            yield _without_data(what, asked)
            continue
        found, seconds = law_fits.timed(
            lambda knobs=knobs: fit(additive(knobs), rows, error="final_loss", delta=law_fits.DELTA)
        )
        total += seconds
        degenerate = f" ({', '.join(found.diagnostics.degenerate)} degenerate)" * bool(
            found.diagnostics.degenerate
        )
        yield Proof(what, asked, f"{found.objective:.7e}{degenerate}", found.objective <= published)
    if rows is not None:
        yield Proof("the three fits", f"< {FITS_LIMIT_S:g} s", f"{total:.1f} s", total < FITS_LIMIT_S)
    rows = law_fits.planted() if rows is None else rows
    one = fit(additive(next(iter(law_fits.PUBLISHED))), rows, error="final_loss", delta=law_fits.DELTA)
    _, seconds = law_fits.timed(
        lambda: cluster_bootstrap(
            one, rows, rows["run_name"], error="final_loss", replicates=law_fits.REPLICATES
        )
    )
    yield Proof(
        f"{law_fits.REPLICATES:,} bootstraps of a Chinchilla-type fit to {len(rows)} rows",
        f"< {BOOTSTRAPS_LIMIT_S:g} s",
        f"{seconds:.1f} s",
        seconds < BOOTSTRAPS_LIMIT_S,
    )


def laws(options: Options) -> Iterator[Proof]:
    with _processes() as pool:
        grids = repeat(options.grids)
        kinds = [*law_coverage.KINDS, *law_coverage.UNFORESEEN]
        told = dict(zip(kinds, pool.map(law_coverage.answers, kinds, grids), strict=True))
    unforeseen = {name: told.pop(name) for name in law_coverage.UNFORESEEN}
    for asked in law_coverage.ASKED:
        rates = {name: Rate.of(answer[asked]) for name, answer in told.items() if asked in answer}
        yield _worst(
            f"coverage of a law's 95 % intervals: {asked}", rates, law_coverage.ALLOWED, touches=True
        )
    for name, answer in unforeseen.items():
        rate = Rate.of(answer[law_coverage.ASKED[-1]])
        yield Proof(f"the same where {name}", "", rate.text, None)


def rules(options: Options) -> Iterator[Proof]:
    for part in rule_coverage.PARTS:
        with _processes() as pool:
            answers = pool.map(rule_coverage.answers, repeat(part), part.kinds, repeat(options.grids))
            told = dict(zip(part.kinds, answers, strict=True))
        for column in dict.fromkeys(column for answer in told.values() for column in answer):
            rates = {name: Rate.of(answer[column]) for name, answer in told.items() if column in answer}
            what = f"{part.title}: {column}"
            if part.asked:
                yield _worst(what, rates, part.asked, part.touches)
            else:
                texts = (f"{rate.text} ({name})" for name, rate in rates.items())
                yield Proof(what, "", "; ".join(texts), None)


def _processes() -> ProcessPoolExecutor:
    """A pool with one process per core."""
    return ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))


def published(_: Options) -> Iterator[Proof]:
    findings = find(read_source(held_out.SOURCE))
    regimes = {regime.epochs: regime for regime in findings.pairs.regimes}
    for epochs, verdict in ((10, "width"), (350, "depth")):
        prefer = regimes[epochs].prefer
        yield Proof(f"the paper's grid, {epochs} epochs", verdict, prefer, prefer == verdict)
    status = findings.pairs.crossover.status
    yield Proof("the paper's grid, crossover", "inside_range", status, status == "inside_range")
    prefer = findings.resolution.prefer
    yield Proof("the paper's grid, resolution", "slow", prefer, prefer == "slow")


def dearer_half(_: Options) -> Iterator[Proof]:
    for data in held_out.halves():
        formula, trend = held_out.scores(held_out.chosen(data)[0], data)
        scores = {"formula": formula, "with the trend of its residuals": trend}
        for way, score in (scores | {"average of laws": held_out.averaged(data)[1]}).items():
            low, high = score.interval()
            yield Proof(
                f"RMSE on the expensive half of the paper's grid, {data.name}, {way}",
                f"< {HELD_OUT_LIMIT:g} points",
                f"{score.rmse:.2f} ({low:.2f}, {high:.2f})",
                score.rmse < HELD_OUT_LIMIT,
            )


def curves(options: Options) -> Iterator[Proof]:
    what = "learning curves, mean RMSLE"
    yield from _curves(f"{what}, our own", learning_curves.own_tasks())
    if options.reference is None:
        yield _without_data(f"{what}, reference", "less than all peers")
        return
    tasks = learning_curves.reference_tasks(options.reference / learning_curves.REFERENCE)
    yield from _curves(f"{what}, reference", tasks)


def _curves(what: str, tasks: list[learning_curves.Task]) -> Iterator[Proof]:
    ours, slowest = learning_curves.timed(tasks)
    scores = learning_curves.scores(tasks, ours)
    means = {name: float(score.mean()) for name, score in scores.items()}
    peers = {name: mean for name, mean in means.items() if name != "ours"}
    best = min(peers, key=lambda name: peers[name])
    yield Proof(
        f"{what} ({len(tasks)})",
        f"< {peers[best]:.4f} ({best}, the best of {len(peers)} peers)",
        f"{means['ours']:.4f}, median {np.median(scores['ours']):.4f}",
        means["ours"] < peers[best],
    )
    yield Proof(f"{what}, slowest", f"< {CURVE_LIMIT_S:g} s", f"{slowest:.2f} s", slowest < CURVE_LIMIT_S)


def _worst(what: str, rates: dict[str, Rate], asked: tuple[float, float], touches: bool) -> Proof:
    """The result of the kind that is farthest from the required range, in percent."""
    kind = max(rates, key=lambda name: rates[name].distance(asked, touches))
    held = sum(rate.distance(asked, touches) <= 0 for rate in rates.values())
    return Proof(
        what,
        f"{asked[0]:g}-{asked[1]:g} %",
        f"{rates[kind].text} ({kind}); {held} of {len(rates)} kinds hold",
        held == len(rates),
    )


def _without_data(what: str, asked: str) -> Proof:
    return Proof(what, asked, "give --reference", None)


SECTIONS: tuple[Callable[[Options], Iterator[Proof]], ...] = (
    fronts,
    speed,
    fits,
    published,
    dearer_half,
    curves,
    rules,
    laws,
)


if __name__ == "__main__":
    main()
