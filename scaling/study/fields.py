"""Fields: a dataclass as the plain values that an identity is made of."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def changed_fields(value: DataclassInstance) -> dict[str, Any]:
    """`value` as plain values, without fields that are as their dataclass declares them.

    So a field that is added with a default leaves the ids of points that were made before as they were.
    """
    plain: dict[str, Any] = {}
    for each in fields(value):
        content = _as_declared(each, getattr(value, each.name))
        if each.default is MISSING or content != each.default:
            plain[each.name] = _plain(content)
    return plain


def all_fields(value: DataclassInstance) -> dict[str, Any]:
    """`value` as plain values."""
    return {each.name: _as_declared(each, getattr(value, each.name)) for each in fields(value)}


def _as_declared(field: Field[Any], content: Any) -> Any:
    """A number declared as float is one, so that 1 and 1.0, which are equal, also are one text."""
    return float(content) if field.type == "float" else content


def _plain(content: Any) -> Any:
    if isinstance(content, tuple):
        return [_plain(each) for each in content]
    return changed_fields(content) if is_dataclass(content) and not isinstance(content, type) else content
