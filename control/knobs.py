"""Knobs: what the points of a study differ in, first the axes, then other settings by their dotted names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from control.point import Seen
from scaling.study.files import Corrupt, read_json
from scaling.study.store import Study
from scaling.training.regularization import GOVERNED

Value = float | str | bool | None

_SECTIONS = ("model", "recipe", "regularization", "schedule", "data")
_PARTS = {"start": ("tune", "origin"), "pseudo": ("ratio", "kind", "threshold", "balanced")}
"""Knobs of the sections that some points have and others lack."""
_LACKING: dict[str, dict[str, Value]] = {"pseudo": {"ratio": 0}}
"""Values shown for points that lack such a section."""
_NO_KNOBS = ("data.fingerprint",)
"""Settings that follow from others and so are no knobs."""


class Knobs:
    """The knobs of a study by name. The settings are read once, from one point of each."""

    def __init__(self, study: Study, points: Sequence[Seen]) -> None:
        self._settings = _settings_that_vary(study, points)
        self.values = {name: _distinct(self.of(point, name) for point in points) for name in _names(points)}
        """Sorted distinct values by knob, axes with a single value included."""
        for name in dict.fromkeys(name for each in self._settings.values() for name in each):
            self.values[name] = _distinct(self.of(point, name) for point in points)

    @property
    def varied(self) -> list[str]:
        """Names of the knobs with several values."""
        return [name for name, values in self.values.items() if len(values) > 1]

    def of(self, point: Seen, name: str) -> Value:
        """The value of a knob at a point; None where the point has no such knob."""
        if name in point.axes:
            return point.axes[name]
        return self._settings.get(point.setting, {}).get(name)


def text(value: Value) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "-"
    return f"{value:g}" if isinstance(value, int | float) else value


def _names(points: Sequence[Seen]) -> list[str]:
    return list(dict.fromkeys(name for point in points for name in point.axes))


def _settings_that_vary(study: Study, points: Sequence[Seen]) -> dict[str, Mapping[str, Value]]:
    """By digest of the setting: the values of all knobs that differ between settings."""
    first = {point.setting: point.id for point in reversed(points)}
    if len(first) < 2:
        return {}
    settings = {setting: _flat(study, point_id) for setting, point_id in first.items()}
    names = dict.fromkeys(name for each in settings.values() for name in each)
    varied = [name for name in names if len({each[name] for each in settings.values() if name in each}) > 1]
    return {setting: {name: each.get(name) for name in varied} for setting, each in settings.items()}


def _flat(study: Study, point_id: str) -> dict[str, Value]:
    """The settings of a point by dotted name, without its axes and without values derived by a policy."""
    try:
        value = read_json(study.directory(point_id) / "point.json") or {}
    except Corrupt:
        return {}
    flat = {"model": value.get("family"), "precision": value.get("precision")}
    for section in _SECTIONS:
        flat |= {f"{section}.{name}": _plain(each) for name, each in (value.get(section) or {}).items()}
    for part, names in _PARTS.items():
        content = value.get(part) or _LACKING.get(part, {})
        flat |= {f"{part}.{name}": content.get(name) for name in names}
    is_by_scale = flat.get("regularization.policy") == "by_scale"
    idle = [f"recipe.{name}" for name in GOVERNED] if is_by_scale else ["regularization.plain_epochs"]
    return {name: each for name, each in flat.items() if name not in (*_NO_KNOBS, *idle)}


def _plain(value: Any) -> Value:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _distinct(values: Iterable[Value]) -> list[Value]:
    """Distinct values in order: numbers by size, then words."""
    found = dict.fromkeys(values)
    return sorted(found, key=lambda each: (isinstance(each, str) or each is None, _key(each)))


def _key(value: Value) -> Any:
    return str(value) if isinstance(value, str) or value is None else float(value)
