"""Quantities: the named values of a planned point that constraints may use and plans may show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from scaling.data.pseudo import columns_of
from scaling.errors import Refused
from scaling.models.families import FAMILIES
from scaling.profile.devices import device_of
from scaling.study.constraint import Constraint
from scaling.study.cost import Cost
from scaling.study.operation import Function
from scaling.study.point import KNOBS, Point
from scaling.training.recipe import Recipe
from scaling.training.regularization import Regularization
from scaling.training.schedule import Schedule

if TYPE_CHECKING:
    from scaling.study.plan import Planned

_COSTS = tuple(field.name for field in fields(Cost))
_SECTIONS = {
    "model": ("family", *dict.fromkeys(each.name for kind in FAMILIES.values() for each in fields(kind))),
    "recipe": tuple(field.name for field in fields(Recipe)),
    "regularization": tuple(field.name for field in fields(Regularization)),
    "schedule": tuple(field.name for field in fields(Schedule) if field.name != "milestones"),
    "pseudo": ("ratio", "kind", "threshold", "balanced", "num_images"),
    "start": ("point", "tune"),
    "data": ("name", "num_train", "num_val", "num_classes", "side"),
}

QUANTITIES = (
    *KNOBS,
    *_COSTS,
    "hours",
    "precision",
    *(f"{section}.{name}" for section, names in _SECTIONS.items() for name in names),
)
"""Names of the axes, the costs, the hours, and every setting by its dotted name."""


def quantity(point: Point, name: str) -> Any:
    """The quantity of a point with this name, except `hours`; None if its family has no such setting."""
    section, _, key = name.partition(".")
    if section == "pseudo":
        return columns_of(point.pseudo).get(name)
    if section == "start":
        return getattr(point.start, key) if point.start else None
    if key:
        return point.family if name == "model.family" else getattr(getattr(point, section), key, None)
    return getattr(point.cost if name in _COSTS else point, name)


class Quantities(Mapping[str, Any]):
    """The quantities of a planned point, each computed on access."""

    def __init__(self, entry: Planned) -> None:
        self._entry = entry

    def __getitem__(self, name: str) -> Any:
        if name == "hours":
            if self._entry.hours is None:
                raise Refused("where: the hours of these points are unknown: try probe=true.")
            return self._entry.hours.hours
        return self._entry.memory_gb if name == "memory_gb" else quantity(self._entry.point, name)

    def __iter__(self) -> Iterator[str]:
        return iter(QUANTITIES)

    def __len__(self) -> int:
        return len(QUANTITIES)


def constraint_of(text: object, *, device_gb: float | None) -> Constraint:
    """Parse the constraint of `where=text`.

    `fits()` is true if a training step fits into `device_gb`, `fits(80)` into 80 GB, `fits('a100')` into that
    device.
    """

    def fits(memory_gb: float, room: float | str | None = device_gb) -> bool:
        if isinstance(room, str):
            room = device_of(room).memory_bytes / 1e9
        if room is None or isinstance(room, bool):
            raise Refused(
                "where: fits() does not know the memory of this device: give the gigabytes, as in fits(80)."
            )
        return memory_gb <= room

    return Constraint.parse(
        text, QUANTITIES, {"fits": Function(call=fits, takes=range(2), uses=("memory_gb",))}
    )
