"""How a point reads in W&B."""

from __future__ import annotations

from scaling.tracking.view import flatten


def test_nested_keys_are_joined_and_lists_stay() -> None:
    nested = {"a": 1, "b": {"c": {"d": [1, 2]}, "e": None}, "f": {}}
    assert flatten(nested) == {"a": 1, "b/c/d": [1, 2], "b/e": None}
