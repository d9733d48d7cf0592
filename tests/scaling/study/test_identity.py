"""Canonical JSON: one text a value, another text for another value, and nothing that has no stable text."""

from __future__ import annotations

import enum
import json
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling.study.identity import canonical_json, digest, digest_of_text, join

text = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def _shuffled(value: Any, draw: Any) -> Any:
    """The same value with the keys of every object in another order."""
    if isinstance(value, dict):
        keys = draw(st.permutations(list(value)))
        return {key: _shuffled(value[key], draw) for key in keys}
    if isinstance(value, list):
        return [_shuffled(item, draw) for item in value]
    return value


def _typed(value: Any) -> Any:
    """`value` such that == tells True, 1 and 1.0 apart."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_typed(item) for item in value]
    return type(value), value


@given(values, st.data())
def test_the_order_of_keys_never_matters(value: Any, data: st.DataObject) -> None:
    assert canonical_json(_shuffled(value, data.draw)) == canonical_json(value)


@given(values)
def test_the_text_reads_back_as_the_value(value: Any) -> None:
    """So no two values share a text."""
    assert _typed(json.loads(canonical_json(value))) == _typed(value)


@given(values, values)
def test_values_share_a_digest_only_if_they_are_alike(one: Any, other: Any) -> None:
    assert (digest(one) == digest(other)) == (_typed(one) == _typed(other))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_survives_bit_for_bit(number: float) -> None:
    read = json.loads(canonical_json([number]))[0]
    assert struct.pack("<d", read) == struct.pack("<d", number + 0.0)  # -0.0 is 0.0


@given(st.dictionaries(text, values, max_size=6))
def test_joined_fragments_are_the_text_of_the_whole(value: dict[str, Any]) -> None:
    joined = join({key: canonical_json(item) for key, item in reversed(value.items())})
    assert joined == canonical_json(value)
    assert digest_of_text(joined) == digest(value)


def test_the_text_is_pinned() -> None:
    value = {"b": [1, 1.0, True, None], "a": {"é": "😀\n", "": 1e-7}, "c": (-0.0, 1e16, 5 / 350)}
    assert canonical_json(value) == (
        '{"a":{"":1e-07,"\\u00e9":"\\ud83d\\ude00\\n"},"b":[1,1.0,true,null],"c":[0.0,1e+16,0.014285714285714285]}'
    )


@pytest.mark.parametrize("alike", [[1, 1.0, True, "1"], [0, 0.0, False, "0", None, "null", "", [], {}]])
def test_types_matter(alike: list[Any]) -> None:
    assert len({canonical_json({"value": value}) for value in alike}) == len(alike)


class _Colour(enum.StrEnum):
    RED = "red"


class _Count(enum.IntEnum):
    ONE = 1


class _Share(float):
    pass


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        b"bytes",
        Path("somewhere"),
        _Colour,
        1j,
        np.float64(0.5),
        np.int64(1),
        np.bool_(True),
        np.zeros(2),
        _Colour.RED,
        _Count.ONE,
        _Share(0.5),
        OrderedDict(a=1),
        {1: "a whole number as a key"},
        {None: "nothing as a key"},
        {_Colour.RED: "an enum as a key"},
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_stable_form_is_refused_by_its_place(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^value\['recipe'\]\[1\] has "):
        digest({"recipe": [0, value]})


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), "\ud83d", "\ud83d\ude00", {"\udc00": 1}], ids=ascii
)
def test_what_json_cannot_say_is_refused_by_its_place(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^value\['recipe'\]\[1\]"):
        digest({"recipe": [0, value]})
