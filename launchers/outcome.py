"""The printed outcome of a launch: the row of a single point, the counts of many, each failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from scaling.study.point import Point
from scaling.study.result import Result
from scaling.study.store import Study

NAMED_AT_MOST = 10
"""Largest number of failed points that are printed."""


def tell_outcome(console: Console, study: Study, points: Sequence[Point]) -> Counter[str]:
    """Print what became of the points, and return their number by status."""
    states = study.states([point.id for point in points])
    counts = Counter(str(state.status) for state in states.values())
    if len(points) == 1:
        _print_row(console, study.result(points[0].id))
    ended = [point for point in points if states[point.id].status == "failed"]
    failed = [point for point in ended if states[point.id].failure != "dominated"]
    stopped = f"{len(ended) - len(failed)} stopped early, " if len(failed) < len(ended) else ""
    left = len(points) - counts["completed"] - len(ended)
    console.print(
        f"{counts['completed']} of {len(points)} points done, {stopped}{len(failed)} failed, {left} left."
    )
    for point in failed[:NAMED_AT_MOST]:
        state, log = states[point.id], study.directory(point.id) / "log.txt"
        sentence = f"  failed {point}: {state.failure}: {state.message} ({log})"
        console.print(sentence, markup=False, style="red")
    if len(failed) > NAMED_AT_MOST:
        console.print(f"  and {len(failed) - NAMED_AT_MOST} more failed points")
    return counts


def _print_row(console: Console, result: Result) -> None:
    row = result.row()
    shown = [
        "point",
        "depth",
        "width",
        "resolution",
        "epochs",
        "seed",
        "status",
        result.point.data.metric,
        "loss",
        "params",
        "flops",
        "train_seconds",
    ]
    table = Table(*shown)
    table.add_row(*(_text(row[column]) for column in shown))
    console.print(table)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
