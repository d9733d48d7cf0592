"""An axis: settings that vary together along a grid, and the notations for their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any

from scaling.errors import Refused

_WHOLE = (
    "resolution",
    "frames",
    "epochs",
    "seed",
    "recipe.batch_size",
    "recipe.norm_batch",
    "data.num_train",
    "data.num_val",
    "model.base_channels",
)
"""Settings that take whole numbers; their log-spaced values are rounded."""
_NUMBER = r"\d{0,9}\.?\d{1,9}"
_MODEL = re.compile(
    rf"(?P<depth>{_NUMBER})x(?P<width>{_NUMBER})(?:@(?P<resolution>\d{{1,9}}))?(?::(?P<epochs>\d{{1,9}}))?"
)
"""One model of a zip: depth x width, optionally followed by @resolution and :epochs."""

MOST_LOG_VALUES = 1000
"""Largest number of log-spaced values on one axis."""
LEAST = 1e-18
"""Smallest log-spaced value; the largest is its inverse. Anything beyond must be a typing error."""


class NearDepth(float):
    """A depth to be replaced by the nearest one that can be built."""


@dataclass(frozen=True)
class Axis:
    """One dimension of a grid; each value is a tuple with one entry per name.

    Names are dotted paths into the settings, such as `recipe.weight_decay`.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]

    def __str__(self) -> str:
        return ", ".join(self.names)


def axis(name: str, values: Iterable[Any]) -> Axis:
    """An axis of one setting; a value of the form `{log: [low, high, n]}` expands to n log-spaced values."""
    return Axis((name,), tuple((each,) for value in values for each in _spelled_out(name, value)))


def is_log(value: Any) -> bool:
    """Whether `value` has the form `{log: …}`."""
    return isinstance(value, Mapping) and set(value) == {"log"}


def zipped(value: Any) -> Axis:
    """An axis of settings that vary together: models such as `50x1@160`, or named lists of equal length.

    A model is `depth x width @ resolution : epochs`; the last two are given by all models or by none.
    """
    if isinstance(value, Mapping):
        return _zipped_lists(value)
    models = [value] if isinstance(value, str) else value
    if not isinstance(models, Sequence) or not models:
        raise Refused(
            f"zip={value} should be models such as 50x1@160, or lists such as {{depth:[50,101],width:[1,2]}}."
        )
    settings = [_model(str(each)) for each in models]
    names = tuple(settings[0])
    for each, text in zip(settings, models, strict=True):
        if tuple(each) != names:
            raise Refused(f"zip={text} says {', '.join(each)}, but the first one says {', '.join(names)}.")
    return Axis(names, tuple(tuple(each.values()) for each in settings))


def _zipped_lists(lists: Mapping[Any, Any]) -> Axis:
    for name, values in lists.items():
        if not isinstance(values, list | tuple) or not values:
            raise Refused(f"zip: {name}={values} should be a list in brackets, such as {name}:[1,2].")
    lengths = {str(name): len(values) for name, values in lists.items()}
    if len(set(lengths.values())) != 1:
        counts = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise Refused(f"zip needs lists of equal length: {counts or 'there is none'}.")
    return Axis(tuple(lengths), tuple(zip(*lists.values(), strict=True)))


def _model(text: str) -> dict[str, Any]:
    found = _MODEL.fullmatch(text)
    if found is None:
        raise Refused(
            f"zip={text} is not a model: write depth x width @ resolution : epochs, such as 50x1@160 or "
            "50x0.5@160:350."
        )
    parts = {name: part for name, part in found.groupdict().items() if part}
    return {name: int(part) if part.isdecimal() else float(part) for name, part in parts.items()}


def _spelled_out(name: str, value: Any) -> list[Any]:
    return _log_spaced(name, value["log"]) if is_log(value) else [value]


def _log_spaced(name: str, value: Any) -> list[Any]:
    """`[low, high, n]` as n values in geometric progression, rounded to whole numbers or to four digits."""
    low, high, count = _checked(name, value)
    ratio = high / low
    values = [low * ratio ** (index / max(count - 1, 1)) for index in range(count)]
    if name in _WHOLE:
        return list(dict.fromkeys(round(each) for each in values))
    if name == "depth":
        return [NearDepth(each) for each in values]
    return [float(f"{each:.4g}") for each in values]


def _checked(name: str, value: Any) -> tuple[float, float, int]:
    match value:
        case [low, high, count] if _is_number(low) and _is_number(high) and _is_number(count, int):
            if LEAST <= low <= high <= 1 / LEAST and 1 <= count <= MOST_LOG_VALUES:
                return low, high, count
            raise Refused(
                f"{name}={{log:{list(value)}}} needs {LEAST:g} <= low <= high <= {1 / LEAST:g} and n from 1 "
                f"to {MOST_LOG_VALUES}."
            )
    raise Refused(f"{name}={{log:{value}}} should be {{log:[low,high,n]}}, such as {{log:[0.25,2,5]}}.")


def _is_number(value: Any, kind: type | UnionType = int | float) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
