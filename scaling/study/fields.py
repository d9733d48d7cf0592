"""Fields: a dataclass as the plain values that go into an identity."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def changed_fields(value: DataclassInstance) -> dict[str, Any]:
    """`value` as plain values, without the fields that have their default.

    A field that is added later with a default therefore changes no id of an existing point.
    """
    plain: dict[str, Any] = {}
    for each in fields(value):
        content = _as_declared(each, getattr(value, each.name))
        if each.default is MISSING or content != each.default:
            plain[each.name] = _plain(content)
    return plain


def all_fields(value: DataclassInstance) -> dict[str, Any]:
    """All fields of `value` as plain values."""
    return {each.name: _as_declared(each, getattr(value, each.name)) for each in fields(value)}


def _as_declared(field: Field[Any], content: Any) -> Any:
    """A field declared as float becomes one, so that 1 and 1.0, which are equal, also have the same text."""
    return float(content) if field.type == "float" else content


def _plain(content: Any) -> Any:
    if isinstance(content, tuple):
        return [_plain(each) for each in content]
    return changed_fields(content) if is_dataclass(content) and not isinstance(content, type) else content
