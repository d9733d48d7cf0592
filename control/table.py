"""The table of a status: a row per point where there are few, else a row per group of points."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from control.knobs import Knobs, Value
from control.looks import Now
from control.status import Glance
from control.words import Filter
from scaling.errors import Refused
from scaling.study.spelling import nearest

ROWS_AT_MOST = 40
"""Most points that get a row each; more are grouped."""
_GROUPED_BY = ("depth", "width", "resolution", "epochs")
"""Knobs to group by, in order of preference."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One point, or a group with the same values of the table's knobs."""

    values: Mapping[str, Value]
    points: Sequence[Now]
    share: float
    """Share of the work that is done, 0 to 1."""
    eta_s: float | None
    """Estimated seconds until a single running point ends; None for others."""
    device_s: float | None
    """Device-seconds of work left; None where no estimate is possible."""

    @property
    def counts(self) -> Counter[str]:
        return Counter(now.word for now in self.points)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows in order of their knob values."""

    knobs: Sequence[str]
    rows: Sequence[Row]
    is_of_points: bool
    """Whether each row is one point."""
    num_points: int
    """Number of points that pass the filter."""


def tabulate(glance: Glance, filtered: Filter, by: Sequence[str] = ()) -> Table:
    """Tabulate the points that pass the filter; Refused for knobs and values that the study lacks."""
    knobs = Knobs(glance.study, [now.point for now in glance.points])
    for name in by if glance.points else ():
        if name not in knobs.values:
            raise Refused(f"--by {name} is not a knob of this study: {nearest(name, list(knobs.values))}.")
    points = filtered.apply(glance.points, knobs)
    is_of_points = not (by and points) and len(points) <= ROWS_AT_MOST
    names = knobs.varied if is_of_points else list(by) or _most_telling(knobs)
    ordered = _ordered(points, knobs, names)
    groups = [[now] for now in ordered] if is_of_points else _groups(ordered, knobs, names)
    return Table(
        knobs=names,
        rows=[_row(group, glance, knobs, names) for group in groups],
        is_of_points=is_of_points,
        num_points=len(points),
    )


def as_json(table: Table) -> list[dict[str, Any]]:
    """Rows as plain values: everything known of a point, or the counts of a group."""
    if not table.is_of_points:
        return [
            {**row.values, **dict(row.counts), "share": row.share, "device_seconds_left": row.device_s}
            for row in table.rows
        ]
    return [_point_json(row) for row in table.rows]


def _point_json(row: Row) -> dict[str, Any]:
    now = row.points[0]
    return {
        "point": now.point.id,
        **now.point.axes,
        **row.values,
        "state": now.word,
        "epoch": now.point.epoch,
        "eta_s": row.eta_s,
        "silent_s": now.silent_s,
        "failure": now.failure,
        "message": now.message,
        "host": now.host,
        "pid": now.pid,
        "job": now.point.job,
        "attempt": now.point.attempt,
    }


def _most_telling(knobs: Knobs) -> list[str]:
    """The first two varying knobs, in the order of _GROUPED_BY; only one if two gave too many rows."""
    varied = knobs.varied
    ordered = [*(name for name in _GROUPED_BY if name in varied), *varied]
    names = list(dict.fromkeys(name for name in ordered if name != "seed"))[:2] or varied[:1]
    num_rows = len(list(product(*(knobs.values[name] for name in names))))
    return names if num_rows <= ROWS_AT_MOST else names[:1]


def _ordered(points: Sequence[Now], knobs: Knobs, names: Sequence[str]) -> list[Now]:
    """The points in order of the values of these knobs."""
    places = {name: {value: index for index, value in enumerate(knobs.values[name])} for name in names}
    return sorted(points, key=lambda now: [places[name][knobs.of(now.point, name)] for name in names])


def _groups(ordered: Sequence[Now], knobs: Knobs, names: Sequence[str]) -> list[list[Now]]:
    groups: defaultdict[tuple[Value, ...], list[Now]] = defaultdict(list)
    for now in ordered:
        groups[tuple(knobs.of(now.point, name) for name in names)].append(now)
    return list(groups.values())


def _row(group: Sequence[Now], glance: Glance, knobs: Knobs, names: Sequence[str]) -> Row:
    first = group[0]
    return Row(
        values={name: knobs.of(first.point, name) for name in names},
        points=group,
        share=first.point.share if len(group) == 1 else glance.eta.share(group),
        eta_s=glance.eta.of(first) if len(group) == 1 else None,
        device_s=glance.eta.device_s(group),
    )
