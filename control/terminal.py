"""The terminal: a status as a person reads it."""

from __future__ import annotations

import time

from rich.console import Console
from rich.markup import escape

from control.status import Status
from launchers.progress import duration


def print_status(console: Console, status: Status) -> None:
    """Counts, how it goes, what failed, what runs."""
    counts = ", ".join(f"{count} {what}" for what, count in status.counts.items())
    console.print(f"[bold]{escape(status.study)}[/bold]: {status.num_points} points, {counts}.")
    console.print(_pace(status))
    for failure, failed in status.failures.items():
        console.print(
            f"  {failed.count} failed by {failure}, such as {failed.point}: {failed.example}", markup=False
        )
    for each in status.running:
        where = f"process {each.pid} on {each.host}"
        console.print(
            f"  {each.point} ({each.axes}): {each.epoch} of {each.epochs} epochs, {where}", markup=False
        )
    if status.counts["running"] > len(status.running):
        console.print(f"  and {status.counts['running'] - len(status.running)} more that run")


def _pace(status: Status) -> str:
    if status.last_result is None:
        return "No result yet."
    ago = duration(max(0.0, time.time() - status.last_result))
    return (
        f"{status.training_hours:.3g} hours of training in completed points; {status.completed_last_hour} "
        f"completed in the last hour, the last one {ago} ago."
    )
