"""What a command prints: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

_AS_WIDE_AS_NEEDED = 1000
"""Characters: a terminal wraps lines, but a cut number is of no use to anyone."""


def print_json(value: object) -> None:
    """One JSON value, with no NaN in it."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], note: str = "") -> None:
    """A table that is Markdown as well, so that a document can hold it as it was printed."""
    table = Table(box=MARKDOWN)
    for index, column in enumerate(head):
        table.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    console = Console(width=_AS_WIDE_AS_NEEDED)
    with console.capture() as captured:
        console.print(table, markup=False, highlight=False)
    lines = [line.rstrip() for line in captured.get().splitlines() if line.strip()]
    sys.stdout.write("\n".join(["", f"**{title}**", "", *lines, *(["", note] if note else [])]) + "\n")
