"""A grid: the values of some knobs, on top of settings that all its points share."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from scaling.errors import Refused
from scaling.quantity import counted
from scaling.study.axis import Axis
from scaling.study.match import Match, Matched, solve
from scaling.study.point import KNOBS, Point
from scaling.study.settings import Shared, point_at, shared_from_settings
from scaling.study.teaching import Declare, Teaching, assign, teaching_of

NAMED_AT_MOST = 12
"""Largest number of reasons that one refusal spells out."""


@dataclass(frozen=True)
class Grid:
    """The Cartesian product of its axes over one composed config."""

    settings: Mapping[str, Any]
    axes: Sequence[Axis]
    match: Match | None = None
    """Budgets of a cost; for each budget, the value of one more axis is solved."""

    def assignments(self) -> Iterator[dict[str, Any]]:
        """The values of the axes at each point, by dotted name; the last axis varies fastest."""
        names = [name for axis in self.axes for name in axis.names]
        for values in product(*(axis.values for axis in self.axes)):
            yield dict(zip(names, (one for value in values for one in value), strict=True))


@dataclass(frozen=True)
class Expansion:
    """The distinct points of one or more grids, teachers before their students."""

    points: list[Point]
    num_repeats: int = 0
    """Number of settings that gave the same point as an earlier one."""
    matched: Mapping[str, Matched] = field(default_factory=dict)
    """The budget that a point was solved for, by the point's id."""
    varied: tuple[str, ...] = ()
    """Dotted names of the settings that vary besides the axes."""


def expand(grids: Iterable[Grid], declare: Declare) -> Expansion:
    """The distinct points of the grids. Raises Refused once, naming every setting that cannot be built."""
    points: dict[str, Point] = {}
    matched: dict[str, Matched] = {}
    refusals: Counter[str] = Counter()
    asked: set[str] = set()
    varied: dict[str, None] = {}
    num_built = 0
    for grid in grids:
        maker = _Maker(grid.settings, declare)
        varied |= dict.fromkeys(name for axis in grid.axes for name in axis.names if name not in KNOBS)
        budgets = grid.match.budgets if grid.match else (None,)
        for assignment, budget in product(grid.assignments(), budgets):
            try:
                point, teacher = maker.make(assignment, grid.match, budget)
            except Refused as error:
                refusals[str(error)] += 1
                continue
            num_built += 1
            if teacher is not None:
                points.setdefault(teacher.id, teacher)
            points.setdefault(point.id, point)
            asked.add(point.id)
            if grid.match and budget is not None:
                matched.setdefault(point.id, Matched(grid.match.cost, budget))
    if refusals:
        raise Refused(_all(refusals, refusals.total() + num_built))
    return Expansion(list(points.values()), num_built - len(asked), matched, tuple(varied))


_Built = tuple[Shared, Teaching | None]


class _Maker:
    """Makes the points of one composed config; parts that many points share are built once."""

    def __init__(self, settings: Mapping[str, Any], declare: Declare) -> None:
        self._settings = settings
        self._knobs = {name: settings.get(name) for name in KNOBS}
        self._declare = declare
        self._shared: dict[str, _Built | Refused] = {}

    def make(
        self, assignment: Mapping[str, Any], match: Match | None, budget: float | None
    ) -> tuple[Point, Point | None]:
        """The point, and its teacher if one has to be trained."""
        knobs = self._knobs | {name: value for name, value in assignment.items() if name in KNOBS}
        others = {name: value for name, value in assignment.items() if name not in KNOBS}
        shared, teaching = self._shared_at(others)

        def at(knobs: Mapping[str, Any]) -> Point:
            point = point_at(knobs, shared)
            return teaching.student(point) if teaching else point

        point = self._at(knobs, at, shared, match, budget)
        return point, teaching.teacher(point) if teaching else None

    def _at(
        self,
        knobs: Mapping[str, Any],
        at: Callable[[Mapping[str, Any]], Point],
        shared: Shared,
        match: Match | None,
        budget: float | None,
    ) -> Point:
        if match is None or budget is None:
            return at(knobs)
        if match.solve == "depth" and knobs["resolution"] == "ladder":
            raise Refused("match.solve=depth cannot follow resolution=ladder: give the pixels.")
        return solve(match, budget, shared.model, lambda value: at({**knobs, match.solve: value}))

    def _shared_at(self, others: Mapping[str, Any]) -> _Built:
        key = repr(others)
        if key not in self._shared:
            try:
                self._shared[key] = self._build(others)
            except Refused as error:
                self._shared[key] = error
        found = self._shared[key]
        if isinstance(found, Refused):
            raise found
        return found

    def _build(self, others: Mapping[str, Any]) -> _Built:
        settings = copy.deepcopy(dict(self._settings))
        for path, value in others.items():
            assign(settings, path, value)
        shared = shared_from_settings(settings, self._declare(settings["data"]))
        return shared, teaching_of(settings, shared, self._declare)


def _all(refusals: Mapping[str, int], num_points: int) -> str:
    """A single refusal unchanged; several as one sentence with the number of points that each affects."""
    if num_points == 1:
        return next(iter(refusals))
    parts = [f"{reason.rstrip('.')} ({counted(count, 'point')})" for reason, count in refusals.items()]
    if len(parts) > NAMED_AT_MOST:
        parts[NAMED_AT_MOST:] = [f"and {len(parts) - NAMED_AT_MOST} more reasons"]
    return f"{sum(refusals.values())} of {num_points} points cannot be built: {'; '.join(parts)}."
