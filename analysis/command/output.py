"""What commands share: the table they read, and how they print their findings."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from shlex import quote

from rich.console import Console

from analysis.frontier.frontier import Frontier
from analysis.metric import COSTS, PROFILED, SPEEDUPS, TOP1
from analysis.options import mapping
from analysis.report.terminal import print_sheet
from analysis.sheet import Sheet
from analysis.source.source import read_source
from analysis.table import Table
from scaling.errors import Refused


def read(asked: Namespace) -> Table:
    """The table of the source. Raises `Refused` as `read_source` does."""
    return read_source(asked.source, mapping(asked.map))


def of_top1(table: Table, what: str) -> Table:
    """The table. Raises `Refused` if its accuracy is not top-1."""
    if table.accuracy is not TOP1:
        raise Refused(f"{table.source} has {table.accuracy.label}: {what} of top-1 accuracy.")
    return table


def require(table: Table, frontiers: Mapping[str, Frontier], cost: str, choices: Iterable[str]) -> None:
    """Raise `Refused` where the table has no such cost, naming those of the `choices` that it has."""
    if cost not in frontiers:
        known = [choice for choice in choices if choice in frontiers]
        others = f"or choose --cost from {', '.join(known)}" if known else "in numbers"
        raise Refused(f"{table.source} has no {cost}: {way_to(cost, table)}, {others}.")


def way_to(cost: str, table: Table) -> str:
    """How to get the cost into the table."""
    if cost in PROFILED and Path(table.source).is_dir():
        return f"python -m scaling profile {quote(table.source)} measures it"
    return f"add the column {(COSTS | SPEEDUPS)[cost].column}"


def show(sheet: Sheet) -> None:
    """Print a sheet and its note."""
    print_sheet(Console(), sheet)
    say(sheet.note)


def say(*sentences: str) -> None:
    """Print each sentence on a line of its own, without wrapping."""
    for sentence in sentences:
        Console().print(sentence, markup=False, highlight=False, emoji=False, soft_wrap=True)
