"""The printed table of a plan, with a row for each point."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scaling.quantity import count_text, duration_text
from scaling.study.plan import Plan
from scaling.study.plan_file import row

ROWS_AT_MOST = 60
"""Largest number of printed rows; plan.csv has all."""
_HIDDEN = ("point", "setting", "activations", "hours_from")
"""Columns of plan.csv that are not printed."""


def print_table(console: Console, plan: Plan) -> None:
    """Print the points, or only the first and the last ones if there are too many."""
    entries, half = plan.entries, ROWS_AT_MOST // 2
    left_out = max(0, len(entries) - ROWS_AT_MOST)
    shown = [*entries[:half], *entries[-half:]] if left_out else entries
    rows = [row(entry, plan.varied) for entry in shown]
    columns = [name for name in rows[0] if name not in _HIDDEN and any(each[name] != "" for each in rows)]
    table = Table(title="Plan", title_justify="left", box=None)
    cells = [[_cell(name, each[name]) for name in columns] for each in rows]
    for number, name in enumerate(columns):
        is_text = name in ("model", "action", "why")
        width = max(len(name), *(len(each[number]) for each in cells))
        table.add_column(
            name,
            justify="left" if is_text else "right",
            no_wrap=True,
            min_width=None if name == "why" else width,
        )
    for number, each in enumerate(cells):
        if left_out and number == half:
            table.add_row(f"… {left_out} more …")
        table.add_row(*map(escape, each))
    console.print(table)


def _cell(name: str, value: object) -> str:
    """A value of plan.csv, abbreviated."""
    if value is None or value == "":
        return "-"
    if name == "hours":
        return duration_text(3600 * float(str(value)))
    if name in ("params", "flops", "train_flops", "budget") and isinstance(value, int | float):
        return count_text(value)
    if name == "budget_error":
        return f"{value:+.1%}"
    if "." in name and isinstance(value, float):  # a setting, in the form in which it is typed
        return f"{value:g}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
