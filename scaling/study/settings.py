"""Plain values made into the frozen dataclasses of a point, strictly: no unknown key, no wrong type."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, get_origin, get_type_hints

import dacite

from scaling.data.dataset import DataSet
from scaling.data.pseudo import PseudoLabels, Teacher, Unlabelled
from scaling.data.views import Views
from scaling.errors import Refused
from scaling.models.efficientnet import EfficientNet
from scaling.models.families import FAMILIES, Family, nearest_depth
from scaling.study.axis import NearDepth
from scaling.study.point import Point
from scaling.study.precision import BYTES, Precision
from scaling.study.suggest import suggest
from scaling.training.recipe import Recipe
from scaling.training.regularization import Regularization
from scaling.training.schedule import Schedule
from scaling.training.start import Start

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
N = TypeVar("N", int, float)

LARGEST = 10**18
"""Of a setting."""
LARGEST_COST = 10**30
"""Of a budget: the training FLOPs of the largest runs are some 1e26."""


def strict(kind: type[T], values: Mapping[str, Any], section: str) -> T:
    """An instance of the dataclass `kind`; Refused names the key of `section`, if any, that does not fit.

    The points of a study share most of their sections, so each is made once.
    """
    made: T = _made(kind, _Written(repr(values), values), section)
    return made


@dataclass(frozen=True)
class _Written:
    """Plain values, told apart by how they are written: 1, 1.0 and true are three values."""

    text: str
    values: Mapping[str, Any] = field(compare=False)


@lru_cache(maxsize=1024)
def _made(kind: type[DataclassInstance], written: _Written, section: str) -> Any:
    values = written.values
    below = f"{section}." if section else ""
    known = [field.name for field in fields(kind)]
    for key in values:
        if key not in known:
            raise Refused(f"{below}{key} is not an option: {suggest(key, known)}.")
    try:
        _check_lists(kind, values, below)
        config = dacite.Config(type_hooks={float: _to_float, int: _to_int}, cast=[tuple])
        return dacite.from_dict(kind, dict(values), config)
    except dacite.MissingValueError as error:
        raise Refused(f"{below}{error.field_path} is missing.") from error
    except dacite.WrongTypeError as error:
        path = error.field_path or "value"
        expected = get_type_hints(kind).get(path, error.field_type)
        raise Refused(f"{below}{path}={error.value!r} should be {_describe(expected)}.") from error


def _check_lists(kind: type[DataclassInstance], values: Mapping[str, Any], below: str) -> None:
    """Refused where a single value stands for a list: it could not be made a tuple."""
    for name, expected in get_type_hints(kind).items():
        value = values.get(name, ())
        if get_origin(expected) is tuple and not isinstance(value, list | tuple):
            raise Refused(f"{below}{name}={value} should be a list in brackets, such as [1, 2].")


@dataclass(frozen=True)
class Shared:
    """What many points of a grid have in common: everything but the axes."""

    family: str
    model: Family
    data: DataSet
    recipe: Recipe
    regularization: Regularization
    schedule: Schedule
    precision: Precision
    evaluate_at: tuple[int, ...]
    start: Start | None
    views: Views


def shared_from_settings(values: Mapping[str, Any], data: DataSet) -> Shared:
    """The part of a composed setting that lies in sections of its own."""
    if values.get("precision") not in tuple(BYTES):
        raise Refused(f"precision={values.get('precision')} should be fp32, tf32 or bf16.")
    model = family_of(values["model"])
    regularization = strict(Regularization, values.get("regularization", {}), "regularization")
    if regularization.policy == "by_scale" and isinstance(model, EfficientNet):
        raise Refused("regularization=by_scale is made for ResNets: add regularization=given.")
    return Shared(
        family=str(values["model"].get("family")),
        model=model,
        data=data,
        recipe=recipe_of(values["recipe"]),
        regularization=regularization,
        schedule=strict(Schedule, values["schedule"], "schedule"),
        precision=values["precision"],
        evaluate_at=_evaluate_at(values.get("evaluate_at")),
        start=strict(Start, values["start"], "start") if values.get("start") else None,
        views=strict(Views, values.get("views", {}), "views"),
    )


def point_at(axes: Mapping[str, Any], shared: Shared) -> Point:
    """The point at these values of the axes."""
    depth = number("depth", axes.get("depth"))
    if isinstance(depth, NearDepth):
        depth = nearest_depth(shared.model, depth)
    frames = axes.get("frames")
    point = Point(
        depth=int(depth) if depth == int(depth) else depth,
        width=float(number("width", axes.get("width"))),
        resolution=resolution_of(axes.get("resolution"), depth, shared.family, shared.model),
        frames=None if frames is None else whole_number("frames", frames),
        epochs=whole_number("epochs", axes.get("epochs")),
        seed=whole_number("seed", axes.get("seed")),
        family=shared.family,
        model=shared.model,
        data=shared.data,
        recipe=shared.recipe,
        schedule=shared.schedule,
        precision=shared.precision,
        regularization=shared.regularization,
        evaluate_at=shared.evaluate_at,
        start=shared.start,
        views=shared.views,
    )
    point.schedule.check(point.epochs * point.steps_per_epoch)
    recipe = shared.regularization.applied(
        point.recipe,
        layers=point.network.num_layers,
        width=point.width,
        resolution=point.resolution,
        epochs=point.epochs,
    )
    return point if recipe is point.recipe else replace(point, recipe=recipe)


def point_from_settings(values: Mapping[str, Any], data: DataSet) -> Point:
    """The point of a composed setting: the axes, and the sections besides."""
    return point_at(values, shared_from_settings(values, data))


def point_from_json(value: Mapping[str, Any]) -> Point:
    """The point that `Point.to_json` wrote."""
    model = {"family": value["family"], **value["model"]}
    point = point_from_settings({**value, "model": model}, strict(DataSet, value["data"], "data"))
    labels = value.get("pseudo")
    return replace(point, pseudo=_pseudo_labels(labels)) if labels else point


def _pseudo_labels(value: Mapping[str, Any]) -> PseudoLabels:
    teacher = value["teacher"]
    family = family_of({"family": teacher["family"], **teacher["model"]})
    return PseudoLabels(
        **{
            **value,
            "teacher": Teacher(**{**teacher, "model": family}),
            "unlabelled": strict(Unlabelled, value["unlabelled"], "pseudo.unlabelled"),
        }
    )


def resolution_of(value: Any, depth: float, family: str, model: Family) -> int:
    """Pixels along one side: a number, or `ladder` for the family's own resolution at this depth."""
    if value != "ladder":
        return whole_number("resolution", value)
    if not isinstance(model, EfficientNet):
        raise Refused(f"resolution=ladder: {family} has no ladder of resolutions, give the pixels.")
    return model.ladder_resolution(depth)


def _evaluate_at(value: Any) -> tuple[int, ...]:
    """The resolutions of a list, in order, so that lists of the same ones are one setting."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise Refused(f"evaluate_at={value} should be a list in brackets, such as [14, 28].")
    sides = sorted(whole_number("evaluate_at", side) for side in value)
    if len(set(sides)) < len(sides):
        raise Refused(f"evaluate_at={list(value)} names a resolution twice: say each once.")
    return tuple(sides)


def number(name: str, value: Any, *, at_most: int = LARGEST) -> float:
    """A number of a size that arithmetic bears."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Refused(f"{name}={value} should be a number.")
    return within(name, value, at_most=at_most)


def whole_number(name: str, value: Any) -> int:
    """A whole number, written as one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"{name}={value} should be a whole number.")
    return within(name, value)


def within(name: str, value: N, *, at_most: int = LARGEST) -> N:
    """The number as it is; Refused beyond `at_most`, where a slip is meant rather than a size."""
    if abs(value) > at_most:
        raise Refused(f"{name} should be at most {at_most:.0e}.")
    return value


def recipe_of(values: Mapping[str, Any]) -> Recipe:
    """The recipe of a config of conf/recipe/."""
    recipe = strict(Recipe, values, "recipe")
    if recipe.optimizer != "sgd":
        from scaling.training.optimizer import check_optimizer  # timm brings torch, which is slow to import

        check_optimizer(recipe.optimizer)
    return recipe


def family_of(values: Mapping[str, Any]) -> Family:
    """The family of a config of conf/model/."""
    name = values.get("family")
    if not isinstance(name, str) or name not in FAMILIES:
        raise Refused(f"model.family={name} is not built: {suggest(str(name), list(FAMILIES))}.")
    options = {key: value for key, value in values.items() if key != "family"}
    return strict(FAMILIES[name], options, "model")


def _to_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise dacite.WrongTypeError(float, value)
    return float(value)


def _to_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise dacite.WrongTypeError(int, value)
    return value


def _describe(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return f"a list of which each is {_describe(kind.__args__[0])}"
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    if kind in words:
        return words[kind]
    arguments = getattr(kind, "__args__", ())
    return " or ".join(
        "null" if argument is type(None) else words.get(argument, str(argument)) for argument in arguments
    )
