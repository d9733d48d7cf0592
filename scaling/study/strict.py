"""Strict parsing of plain values into frozen dataclasses and numbers: no unknown keys, no wrong types."""

from __future__ import annotations

import math
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, get_origin, get_type_hints

import dacite

from scaling.errors import Refused
from scaling.study.spelling import nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


T = TypeVar("T", bound="DataclassInstance")
N = TypeVar("N", int, float)

LARGEST = 10**18
"""Largest absolute value of a number in the settings."""
LARGEST_COST = 10**30
"""Largest budget; the largest known training runs take some 1e26 FLOPs."""


def strict(kind: type[T], values: Mapping[str, Any], section: str) -> T:
    """An instance of the dataclass `kind`. Raises Refused with the key of `section` that does not fit.

    The points of a study share most of their sections, so each distinct section is parsed once and cached.
    """
    made: T = _made(kind, _Written(repr(values), values), section)
    return made


@dataclass(frozen=True)
class _Written:
    """Plain values as a cache key, compared by their text as 1, 1.0 and True are equal and hash alike."""

    text: str
    values: Mapping[str, Any] = field(compare=False)


@lru_cache(maxsize=1024)
def _made(kind: type[DataclassInstance], written: _Written, section: str) -> Any:
    values = written.values
    below = f"{section}." if section else ""
    known = [field.name for field in fields(kind)]
    for key in values:
        if key not in known:
            raise Refused(f"{below}{key} is not an option: {nearest(key, known)}.")
    try:
        _check_lists(kind, values, below)
        config = dacite.Config(type_hooks={float: _to_float, int: _to_int}, cast=[tuple])
        return dacite.from_dict(kind, dict(values), config)
    except dacite.MissingValueError as error:
        raise Refused(f"{below}{error.field_path} is missing.") from error
    except dacite.WrongTypeError as error:
        path = error.field_path or "value"
        expected = get_type_hints(kind).get(path, error.field_type)
        value, default = values.get(path, error.value), getattr(kind, path, None)
        quotes = in_quotes(f"{below}{path}", value) if expected in (str, str | None) else ""
        needed = _describe(expected, default)
        raise Refused(f"{below}{path}={value!r} should be {needed}{quotes}.") from error


def _check_lists(kind: type[DataclassInstance], values: Mapping[str, Any], below: str) -> None:
    """Raise Refused if a single value is given for a list."""
    for name, expected in get_type_hints(kind).items():
        value = values.get(name, ())
        if get_origin(expected) is tuple and not isinstance(value, list | tuple):
            raise Refused(f"{below}{name}={value} should be a list in brackets, such as [1, 2].")


def number(name: str, value: Any, *, at_most: int = LARGEST) -> float:
    """The value as a number. Raises Refused if it is not one, or if its absolute value exceeds `at_most`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Refused(f"{name}={value} should be a number.")
    return within(name, value, at_most=at_most)


def whole_number(name: str, value: Any) -> int:
    """The value as a whole number. Raises Refused if it is not an int (8.0 is not) or too large."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"{name}={value} should be a whole number.")
    return within(name, value)


def within(name: str, value: N, *, at_most: int = LARGEST) -> N:
    """The number unchanged. Raises Refused beyond `at_most`, which must be a typing error."""
    if abs(value) > at_most:
        raise Refused(f"{name} should be at most {at_most:.0e}.")
    return value


def _to_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise dacite.WrongTypeError(float, value)
    return float(value)


def _to_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise dacite.WrongTypeError(int, value)
    return value


def _describe(kind: Any, default: Any = None) -> str:
    """A type in words; in a choice of several, `default` if it is a word, as in `a number or auto`."""
    if get_origin(kind) is tuple:
        return f"a list in which each item is {_describe(kind.__args__[0])}"
    if get_origin(kind) is abc.Mapping:
        return "names with their values in braces, such as {name: value}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    if kind in words:
        return words[kind]
    if isinstance(default, str):
        words[str] = default
    if isinstance(kind, str):  # a value of a Literal
        return kind
    arguments = getattr(kind, "__args__", ())
    told = [
        "null" if argument is type(None) else words.get(argument) or _describe(argument)
        for argument in arguments
    ]
    return " or ".join(told) or str(kind)


def in_quotes(name: str, value: Any) -> str:
    """How to write a word that looks like a number, such as the account 4711, to follow a refusal; empty for
    other values."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return f"; a number becomes a word in quotes of its own, as in \"{name}='{value}'\""
