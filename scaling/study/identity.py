"""Identity: the canonical text of a value, and its digest. A value without a stable text is refused."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

_Way = tuple[Any, ...]
"""Path from the root to a value: keys and indices, the last one first, as in (key, (key, ()))."""

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def digest(value: Any) -> str:
    """16 hex digits of SHA-256 over the canonical JSON of `value`."""
    return digest_of_text(canonical_json(value))


def digest_of_text(text: str) -> str:
    """16 hex digits of SHA-256 over a text that is already canonical JSON."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def canonical_json(value: Any) -> str:
    """The JSON text of `value`: ASCII, sorted keys, no spaces. Different values have different texts.

    Accepts dict with str keys, list and tuple (treated alike), str, bool, int, finite float (-0.0 becomes
    0.0) and None; 1, 1.0, True and "1" differ. Raises TypeError for everything else, including subclasses of
    these types, and ValueError for NaN, infinities and lone surrogates; both name the place of the value.
    """
    return _encode(_checked(value, ()))


def join(fragments: Mapping[str, str]) -> str:
    """The canonical JSON of an object whose values are given as canonical JSON."""
    items = (f"{encode_basestring_ascii(_text(key, ()))}:{fragments[key]}" for key in sorted(fragments))
    return "{" + ",".join(items) + "}"


def _checked(value: Any, way: _Way) -> Any:
    """`value` with -0.0 replaced by 0.0; raises if it has no stable JSON form."""
    kind = type(value)
    if kind is str:
        return _text(value, way)
    if kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return _number(value, way)
    if kind is dict:
        return {_key(key, way): _checked(item, (key, way)) for key, item in value.items()}
    if kind is list or kind is tuple:
        return [_checked(item, (index, way)) for index, item in enumerate(value)]
    raise TypeError(f"{_place(way)} has no stable JSON form: {value!r} is of type {kind.__qualname__}.")


def _key(key: Any, way: _Way) -> str:
    if type(key) is not str:
        raise TypeError(f"{_place(way)} has the key {key!r} of type {type(key).__qualname__}: use str.")
    return _text(key, (key, way))


def _text(value: str, way: _Way) -> str:
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{_place(way)} is {value!r}, which has a lone surrogate and so is no Unicode text.")
    return value


def _number(value: float, way: _Way) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{_place(way)} is {value}, which JSON does not know.")
    return value + 0.0  # -0.0 becomes 0.0


def _place(way: _Way) -> str:
    """The path as text, such as `value['recipe']['learning_rate']`."""
    steps = ""
    while way:
        steps, way = f"[{way[0]!r}]{steps}", way[1]
    return f"value{steps}"
