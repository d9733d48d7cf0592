"""Branches of a shared trunk against separate runs: accuracy, compute, and the verdicts from each.

    python sweep.py study=shared_trunk
    python -m benchmarks.shared_trunk results/shared_trunk

Every network of the study was trained for every length in two ways: with a cosine schedule of its own, and as
a branch of the longest run under warmup-stable-decay. Accuracies are compared seed by seed, averaged over the
networks, with Student's interval over the seeds.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.contrast import Cells, Effect, cells_of, judged
from analysis.findings import find
from analysis.model import points_text
from analysis.pairs.pairs import Regime
from analysis.source.source import read_source
from analysis.table import Table as Results
from scaling.quantity import count_text
from scaling.study.store import Study
from scaling.study.trunk import carriers, trunk_steps

KINDS = ("cosine", "wsd")
NETWORK = ["depth", "width", "resolution"]


@dataclass(frozen=True)
class Length:
    epochs: int
    effect: Effect | None
    """Effect of a branch instead of a cosine, in points, over all networks; None where it is unknown."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", type=Path)
    study = parser.parse_args().study
    results = read_source(str(study))
    console = Console(width=120)
    console.print(f"{study}: {len(results.usable)} points, {platform.processor() or platform.machine()}")
    console.print(_accuracy(results))
    console.print(_compute(Study.open(study), results.usable))
    console.print(_verdicts(results))


def lengths(results: Results) -> list[Length]:
    """The effect of branching on the accuracy at each length."""
    rows = results.usable
    keys = rows.groupby([*NETWORK, "epochs", "schedule.kind"]).ngroup()
    cells = cells_of(results, rows, keys)
    named = rows.assign(cell=keys).drop_duplicates("cell")
    found = [(epochs, _effect(cells, block)) for epochs, block in named.groupby("epochs")]
    effects = judged([effect for _, effect in found])
    return [Length(int(epochs), effect) for (epochs, _), effect in zip(found, effects, strict=True)]


def _effect(cells: Cells, block: pd.DataFrame) -> Effect | None:
    """The mean effect over the networks that were trained in both ways."""
    pairs = [each.set_index("schedule.kind")["cell"] for _, each in block.groupby(NETWORK)]
    both = [pair for pair in pairs if set(KINDS) <= set(pair.index)]
    signs = (("wsd", 1), ("cosine", -1))
    return cells.effect({int(pair[kind]): sign / len(both) for pair in both for kind, sign in signs})


def _accuracy(results: Results) -> Table:
    rows = results.usable
    metric = "test_top1" if rows.get("test_top1", pd.Series(dtype=float)).notna().any() else "top1"
    means = rows.groupby(["epochs", "schedule.kind"])[metric].mean()
    table = Table("epochs", *KINDS, "branch less cosine", "seeds", "verdict", title=f"{metric}, percent")
    for each in lengths(results):
        told = (
            (points_text(each.effect.points, each.effect.ci95), str(each.effect.num_seeds))
            if each.effect
            else ("", "")
        )
        verdict = each.effect.verdict if each.effect else ""
        table.add_row(
            str(each.epochs), *(f"{means[each.epochs, kind]:.2f}" for kind in KINDS), *told, verdict
        )
    return table


def _compute(study: Study, rows: pd.DataFrame) -> Table:
    """Table of the total cost of each way, with trunks counted once."""
    points = [study.point(str(each)) for each in rows["point"]]
    carried = carriers(points)
    table = Table("schedule", "training FLOPs", "hours in training steps", title="Compute")
    for kind in KINDS:
        own = [point for point in points if point.schedule.kind == kind]
        flops = sum(
            point.cost.train_flops * (1 - trunk_steps(point) / point.num_steps if point.id in carried else 1)
            for point in own
        )
        of_kind = rows[rows["schedule.kind"] == kind]
        seconds = (of_kind["train_seconds"] - of_kind["trunk_seconds"].fillna(0.0)).sum()
        table.add_row(kind, count_text(flops), f"{seconds / 3600:.3f}")
    return table


def _verdicts(results: Results) -> Table:
    table = Table("epochs", *KINDS, "agree", title="Depth less width at equal FLOPs, points")
    regimes = {kind: {each.epochs: each for each in _regimes(results, kind)} for kind in KINDS}
    for epochs in sorted(set.union(*(set(each) for each in regimes.values()))):
        of_kinds = [regimes[kind].get(epochs) for kind in KINDS]
        prefers = {each.prefer for each in of_kinds if each}
        table.add_row(f"{epochs:g}", *map(_told, of_kinds), "yes" if len(prefers) == 1 else "no")
    return table


def _regimes(results: Results, kind: str) -> Iterator[Regime]:
    yield from find(replace(results, rows=results.rows[results.rows["schedule.kind"] == kind])).pairs.regimes


def _told(regime: Regime | None) -> str:
    if regime is None:
        return ""
    return f"{regime.prefer}: {points_text(regime.advantage_points, regime.ci95)}, {regime.num_pairs} pairs"


if __name__ == "__main__":
    main()
