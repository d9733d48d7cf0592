"""A grid: which values of which knobs, on top of settings that all its points share."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from scaling.data.dataset import DataSet
from scaling.errors import Refused
from scaling.study.point import Point
from scaling.study.settings import point_from_settings


@dataclass(frozen=True)
class Axis:
    """The values of one knob; the name is a dotted path into the settings, such as `recipe.weight_decay`."""

    name: str
    values: Sequence[Any]


@dataclass(frozen=True)
class Grid:
    """The product of its axes over one composed setting."""

    settings: Mapping[str, Any]
    axes: Sequence[Axis]

    def combinations(self) -> Iterator[dict[str, Any]]:
        """The settings of each point, the last axis fastest."""
        for values in product(*(axis.values for axis in self.axes)):
            settings = copy.deepcopy(dict(self.settings))
            for axis, value in zip(self.axes, values, strict=True):
                _assign(settings, axis.name, value)
            yield settings


def expand(grids: Iterable[Grid], declare: Callable[[Mapping[str, Any]], DataSet]) -> list[Point]:
    """All points of the grids, each once. Refused names every setting that cannot be built, at once."""
    points: dict[str, Point] = {}
    refusals: dict[str, int] = {}
    for grid in grids:
        for settings in grid.combinations():
            try:
                point = point_from_settings(settings, declare(settings["data"]))
            except Refused as error:
                refusals[str(error)] = refusals.get(str(error), 0) + 1
            else:
                points.setdefault(point.id, point)
    if refusals:
        raise Refused(_all(refusals, sum(refusals.values()) + len(points)))
    return list(points.values())


def _assign(settings: dict[str, Any], path: str, value: Any) -> None:
    *sections, key = path.split(".")
    for section in sections:
        settings = settings[section]
    settings[key] = value


def _all(refusals: Mapping[str, int], num_points: int) -> str:
    """One refusal as it is; several as one sentence that counts the points each keeps from being built."""
    if num_points == 1:
        return next(iter(refusals))
    parts = [f"{reason.rstrip('.')} ({count} points)" for reason, count in refusals.items()]
    return f"{sum(refusals.values())} of {num_points} points cannot be built: {'; '.join(parts)}."
