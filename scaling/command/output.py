"""The output of commands: tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

_AS_WIDE_AS_NEEDED = 1000
"""Width in characters: a terminal can wrap long lines, but truncated numbers would be useless."""


def print_json(value: object) -> None:
    """Print one JSON value; ValueError if it contains NaN."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def print_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], note: str = "") -> None:
    """Print a table in Markdown, so that it can be copied into a document unchanged."""
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
