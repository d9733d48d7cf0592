"""The screen of `watch`: header, table, frontier and keys, fitted to the size of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import ConsoleDimensions, Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from control.status import Glance
from control.table import Row, Table
from control.terminal import WIDE, complaint, failures, headline, pace, render
from control.words import Filter
from scaling.quantity import count_text, counted

if TYPE_CHECKING:
    from control.frontier import Member

FEW_MODELS = 8
"""Most models of the frontier that are shown at the expense of the table."""
_ABOVE_MODELS = 2
"""Number of lines: the title of the frontier and its headings."""
CYCLE = (None, "running", "failed", "pending", "completed", "silent")
"""States that the key f cycles through; None is no filter."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What the user has chosen to see."""

    filter: Filter
    by: tuple[str, ...] = ()
    chosen: int = 0
    """Index into CYCLE."""
    first: int = 0
    """Index of the first row shown."""
    is_paused: bool = False

    @property
    def filtered(self) -> Filter:
        state = CYCLE[self.chosen]
        return self.filter if state is None else replace(self.filter, states=(state,))

    def typed(self, key: str, page: int, num_rows: int) -> View:
        """The view after a key press; the table has `num_rows` rows and shows `page` of them."""
        moves = {"down": 1, "j": 1, "up": -1, "k": -1, "page down": page, " ": page, "page up": -page}
        if key in moves:
            return replace(self, first=max(0, min(self.first + moves[key], num_rows - page)))
        if key == "f":
            return replace(self, chosen=(self.chosen + 1) % len(CYCLE), first=0)
        return replace(self, is_paused=not self.is_paused) if key == "p" else self


def full(
    glance: Glance, table: Table, members: Sequence[Member] | None, view: View, size: ConsoleDimensions
) -> tuple[RenderableType, int]:
    """The screen, and the number of table rows that fit on it."""
    head = [*_head(glance, size.width)]
    foot = _foot(table, view)
    free = size.height - len(head) - 3  # heading, empty line, foot
    num_models = _num_models(members, size.height, free - len(table.rows))
    below = _frontier(members, glance, num_models)
    room = max(1, free - (_ABOVE_MODELS + num_models if members else 1))
    first = min(view.first, max(0, len(table.rows) - room))
    shown = sorted(table.rows, key=_urgency)[first : first + room]
    gap = [Text()] * (room + 1 - len(shown) + (not shown))
    return Group(*head, render(table, shown, size.width), *gap, below, foot), room


_ORDER = {
    word: place for place, word in enumerate(("running", "silent", "gone", "failed", "queued", "pending"))
}


def _urgency(row: Row) -> int:
    """Sort key: running and failed points first; groups of points stay in order."""
    return min(_ORDER.get(now.word, len(_ORDER)) for now in row.points) if len(row.points) == 1 else 0


def once(glance: Glance, table: Table, members: Sequence[Member] | None, width: int) -> RenderableType:
    """The whole table and frontier, however long."""
    return Group(
        *_head(glance, width), render(table, table.rows, width), Text(), _frontier(members, glance, 99)
    )


def _head(glance: Glance, width: int) -> Sequence[Text]:
    counts, *bar = headline(glance.status, min(width, WIDE))
    lines = [
        _end_of(counts, width),
        *bar,
        Text(pace(glance.status, glance.eta.at), style="bright_black"),
        *complaint(glance.status),
        *failures(glance.status),
        Text(),
    ]
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return lines


def _end_of(line: Text, width: int) -> Text:
    """The line cut to `width` from the left, since the counts at its end matter more than a long path."""
    return line if len(line) <= width else Text.assemble("…", line[len(line) - width + 1 :])


def _num_models(members: Sequence[Member] | None, height: int, left: int) -> int:
    """Number of models shown: as many as fit in the lines that the table leaves, but at least a few."""
    few = min(FEW_MODELS, max(2, height // 5))
    return min(len(members or ()), max(few, left - _ABOVE_MODELS))


def _frontier(members: Sequence[Member] | None, glance: Glance, num_rows: int) -> RenderableType:
    if not members:
        is_known = members is not None or not glance.status.counts["completed"]
        return Text("no frontier yet" if is_known else "working out the frontier …", style="bright_black")
    shown = _spread(members, num_rows)
    more = f", {len(shown)} of them shown" if len(shown) < len(members) else ""
    sets = list(dict.fromkeys(each.data for each in members))
    apart = f"; the {len(sets)} data sets have a frontier each" if len(sets) > 1 else ""
    title = Text.assemble(("Frontier so far", "bold"), f": {counted(len(members), 'model')}{more}{apart}")
    grid = Grid(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    metric = glance.points[0].point.metric
    named = ["data"] if len(sets) > 1 else []
    for heading in (*named, "FLOPs", f"{metric} %", "depth", "width", "px", "epochs", "seeds", ""):
        grid.add_column(heading, justify="left" if not heading else "right", no_wrap=bool(heading))
    best = max(each.accuracy for each in members)
    for each in shown:
        numbers = (each.depth, each.width, each.resolution, each.epochs, each.num_seeds)
        bar = Text("━" * max(1, round(20 * each.accuracy / best)), style="green")
        bar.no_wrap, bar.overflow = True, "crop"  # this column is the first to shrink
        accuracy, of = f"{each.accuracy:.2f}", [each.data] if named else []
        grid.add_row(*of, count_text(each.flops), accuracy, *(f"{each:g}" for each in numbers), bar)
    return Group(title, grid)


def _spread(members: Sequence[Member], count: int) -> list[Member]:
    """At most `count` of the members, evenly spaced, with the first and the last."""
    if len(members) <= count:
        return list(members)
    step = (len(members) - 1) / max(1, count - 1)
    return [members[round(index * step)] for index in range(count)]


def _foot(table: Table, view: View) -> Text:
    filtered = str(view.filtered) or "all"
    keys = f"q quit  f filter  p pause  ↑↓ scroll  {counted(table.num_points, 'point')} ({filtered})"
    foot = Text.assemble((" paused " if view.is_paused else "", "reverse"), (keys, "bright_black"))
    foot.no_wrap, foot.overflow = True, "ellipsis"
    return foot
