"""The terminal: a status as text, at any width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from control.knobs import text
from control.looks import Now, Word
from control.status import Glance, Status
from control.table import Row, Table
from scaling.quantity import clock_text, counted
from scaling.study.result import Status as Standing

STYLES: dict[Word, str] = {
    "completed": "green",
    "running": "cyan",
    "silent": "yellow",
    "gone": "red",
    "pending": "bright_black",
    "queued": "blue",
    "failed": "red",
}
_SHORT = {"resolution": "px"}
"""Short headings, where the name would be wider than the values."""
WIDE = 100
"""Terminal width, in columns, from which nothing is abbreviated."""
_BAR, _NARROW_BAR = 12, 6
_DONE, _HALF, _TO_DO = "━", "╸", "─"


def print_status(console: Console, glance: Glance, table: Table, *, limit: int | None) -> None:
    """Print the counts, the pace, the failures, and the first `limit` rows of the table."""
    status = glance.status
    for line in headline(status, min(console.width, WIDE)):
        console.print(line, soft_wrap=True)
    console.print(pace(status, glance.eta.at), style="bright_black", soft_wrap=True)
    for line in (*complaint(status), *failures(status)):
        console.print(line, soft_wrap=True)
    if not table.rows:
        return
    shown = table.rows[:limit]
    console.print()
    console.print(render(table, shown, console.width))
    if len(shown) < len(table.rows):
        console.print(f"  and {len(table.rows) - len(shown)} more rows", style="bright_black")


def headline(status: Status, width: int) -> Iterator[Text]:
    """The study with its counts, then a bar with its progress."""
    counts = ", ".join(f"{count} {what}" for what, count in status.counts.items())
    silent = f" ({status.num_silent} of them silent)" if status.num_silent else ""
    counts = counts.replace(" running", f" running{silent}")
    yield Text.assemble((status.study, "bold"), f": {counted(status.num_points, 'point')}, {counts}.")
    if status.num_points:
        text = f" {status.share:.0%} of the work done, {_remaining(status)}"
        yield Text.assemble(_counted_bar(status, max(10, width - len(text))), text)


def pace(status: Status, at: float) -> str:
    """The training time so far, the results of the last hour, and the age of the last one."""
    if status.last_result is None:
        return "No result yet."
    ago = clock_text(max(0.0, at - status.last_result))
    return (
        f"{status.training_hours:.3g} hours of training in completed points; {status.completed_last_hour} "
        f"completed in the last hour, the last one {ago} ago."
    )


def complaint(status: Status) -> Iterator[Text]:
    """A line if the study is replayed, and one if Slurm does not answer."""
    if status.replayed is not None:
        yield Text(f"Replayed from {status.replayed}: nothing here was trained.", style="yellow")
    if status.scheduler is not None:
        yield Text(f"{status.scheduler} What follows is from the files alone.", style="yellow")


def failures(status: Status) -> Iterator[Text]:
    """A line per failure class."""
    for failure, failed in status.failures.items():
        what = f"  {failed.count} failed by {failure}"
        yield Text.assemble((what, "red"), f", such as {failed.point}: {failed.example}")


def render(table: Table, rows: Sequence[Row], width: int) -> RenderableType:
    """Render these rows of the table, one line each."""
    if not rows:
        return Group()
    is_narrow = width < WIDE
    grid = Grid(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    grid.add_column("point" if table.is_of_points else "points", no_wrap=True)
    for name in table.knobs:
        grid.add_column(_heading(name, is_narrow), justify="right", no_wrap=True)
    if table.is_of_points:
        _add_points(grid, table, rows, is_narrow)
    else:
        _add_groups(grid, table, rows, is_narrow)
    return grid


def _heading(name: str, is_narrow: bool) -> str:
    heading = _SHORT.get(name, name.rpartition(".")[2])
    return f"{heading[:8]}…" if is_narrow and len(heading) > 9 else heading


def _add_points(grid: Grid, table: Table, rows: Sequence[Row], is_narrow: bool) -> None:
    has_eta = any(row.eta_s is not None for row in rows)
    for heading in ("state", "epochs", "ETA" if has_eta else ""):
        grid.add_column(heading, no_wrap=True)
    grid.add_column("", overflow="ellipsis")
    for row in rows:
        now = row.points[0]
        epoch = now.point.epochs if now.word == "completed" else now.point.epoch
        bar = _bar(row.share, now.word, _NARROW_BAR if is_narrow else _BAR)
        eta = "" if row.eta_s is None else clock_text(row.eta_s)
        grid.add_row(
            Text(now.point.id[: _SHOWN if is_narrow else 16], style="bright_black"),
            *_values(table, row),
            Text(_state(now), style=STYLES[now.word]),
            Text.assemble(bar, f" {epoch}/{now.point.epochs}"),
            eta if is_narrow or not eta else f"about {eta}",
            _remark(now, is_narrow),
        )


_SHOWN = 6
"""Digits of an id on a narrow terminal; every command accepts the unique start of an id."""


def _add_groups(grid: Grid, table: Table, rows: Sequence[Row], is_narrow: bool) -> None:
    grid.columns[0].justify = "right"
    width = _NARROW_BAR if is_narrow else _BAR
    words = [word for word in STYLES if any(row.counts[word] for row in rows)]
    for word in words:
        grid.add_column(word, justify="right", no_wrap=True)
    grid.add_column("work", no_wrap=True)
    grid.add_column("left", justify="right", no_wrap=True)
    for row in rows:
        counts = [_count(row.counts[word], word) for word in words]
        bar = _bar(row.share, "completed" if row.share == 1 else "running", width)
        left = clock_text(row.device_s) if row.device_s else ""
        share = Text.assemble(bar, f" {row.share:4.0%}")
        grid.add_row(str(len(row.points)), *_values(table, row), *counts, share, left)


def _count(count: int, word: Word) -> Text:
    return Text(str(count or "·"), style=STYLES[word] if count else "bright_black")


def _values(table: Table, row: Row) -> list[str]:
    return [escape(text(row.values[name])) for name in table.knobs]


def _state(now: Now) -> str:
    if now.word == "silent" and now.silent_s is not None:
        return f"silent {clock_text(now.silent_s)}"
    return now.word


def _remark(now: Now, is_narrow: bool) -> Text:
    """The failure, the accuracy, where the point runs, or its message; abbreviated on a narrow terminal."""
    if now.status == "failed":
        remark = Text.assemble((str(now.failure), "red"), "" if is_narrow else f": {now.message}")
    elif now.word == "completed" and now.point.accuracy is not None:
        remark = Text(f"{now.point.metric} {now.point.accuracy:.2f} %", style="bright_black")
    else:
        where = now.host if is_narrow and now.host else now.where
        remark = Text(where or now.message or "", style="bright_black")
    remark.no_wrap = True  # this column is the first to shrink
    return remark


def _bar(share: float, word: Word, width: int) -> Text:
    """A progress bar filled up to `share`."""
    halves = int(2 * width * share)
    done = _DONE * (halves // 2) + (_HALF if halves % 2 else "")
    return Text.assemble((done, STYLES[word]), (_TO_DO * (width - len(done)), "bright_black"))


def _counted_bar(status: Status, width: int) -> Text:
    """A bar with a segment for each state, as long as its share of the points."""
    bar = Text()
    left = width
    for standing in _ORDER:
        count = status.counts[standing]
        length = min(left, max(1, round(width * count / status.num_points))) if count else 0
        left -= length
        bar.append((_DONE if standing != "pending" else _TO_DO) * length, STYLES[standing])
    return bar.append(_TO_DO * left, STYLES["pending"])


_ORDER: tuple[Standing, ...] = ("completed", "failed", "running", "pending")


def _remaining(status: Status) -> str:
    if status.eta_s is not None:
        return f"about {clock_text(status.eta_s)} to go"
    if status.counts["running"]:
        return "estimating the time"
    return "nothing runs now" if status.counts["pending"] else "nothing runs any more"
