"""Plain values made into the frozen dataclasses of a point, strictly: no unknown key, no wrong type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import dacite

from scaling.data.dataset import DataSet
from scaling.errors import Refused
from scaling.models.families import FAMILIES, Family
from scaling.study.point import AXES, Point
from scaling.study.suggest import suggest
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def strict(kind: type[T], values: Mapping[str, Any], section: str) -> T:
    """An instance of the dataclass `kind`; Refused names the key under `section` that does not fit."""
    known = [field.name for field in fields(kind)]
    for key in values:
        if key not in known:
            raise Refused(f"{section}.{key} is not an option: {suggest(key, known)}.")
    try:
        config = dacite.Config(type_hooks={float: _to_float})
        return dacite.from_dict(kind, dict(values), config)
    except dacite.MissingValueError as error:
        raise Refused(f"{section}.{error.field_path} is missing.") from error
    except dacite.WrongTypeError as error:
        path = error.field_path or "value"
        expected = get_type_hints(kind).get(path, error.field_type)
        raise Refused(f"{section}.{path}={error.value!r} should be {_describe(expected)}.") from error


def point_from_settings(values: Mapping[str, Any], data: DataSet) -> Point:
    """The point of a composed setting: the axes, `model`, `recipe`, `schedule`, `precision`."""
    if values.get("precision") not in ("fp32", "bf16"):
        raise Refused(f"precision={values.get('precision')} should be fp32 or bf16.")
    return Point(
        **_axes(values),
        family=str(values["model"].get("family")),
        model=_family(values["model"]),
        data=data,
        recipe=strict(Recipe, values["recipe"], "recipe"),
        schedule=strict(Schedule, values["schedule"], "schedule"),
        precision=values["precision"],
    )


def point_from_json(value: Mapping[str, Any]) -> Point:
    """The point that `Point.to_json` wrote."""
    model = {"family": value["family"], **value["model"]}
    return point_from_settings({**value, "model": model}, strict(DataSet, value["data"], "data"))


def _axes(values: Mapping[str, Any]) -> dict[str, Any]:
    axes: dict[str, Any] = {}
    for axis in AXES:
        value: Any = values.get(axis)
        whole = axis != "width"
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise Refused(f"{axis}={value} should be {'a whole number' if whole else 'a number'}.")
        axes[axis] = value if whole else float(value)
    return axes


def _family(values: Mapping[str, Any]) -> Family:
    name = values.get("family")
    if name not in FAMILIES:
        raise Refused(f"model.family={name} is not built: {suggest(str(name), list(FAMILIES))}.")
    options = {key: value for key, value in values.items() if key != "family"}
    return strict(FAMILIES[name], options, "model")


def _to_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise dacite.WrongTypeError(float, value)
    return float(value)


def _describe(kind: Any) -> str:
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    if kind in words:
        return words[kind]
    arguments = getattr(kind, "__args__", ())
    return " or ".join(
        "null" if argument is type(None) else words.get(argument, str(argument)) for argument in arguments
    )
