"""Settings: a composed config, as plain values, turned into the points of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scaling.data.dataset import DataSet
from scaling.data.pseudo import PseudoLabels, Teacher, Unlabelled
from scaling.data.views import Views
from scaling.errors import Refused
from scaling.models.efficientnet import EfficientNet
from scaling.models.families import FAMILIES, Family, nearest_depth
from scaling.study.axis import NearDepth
from scaling.study.point import Point
from scaling.study.precision import BYTES, Precision
from scaling.study.spelling import nearest
from scaling.study.strict import number, strict, whole_number
from scaling.training.recipe import Recipe
from scaling.training.regularization import Regularization
from scaling.training.schedule import Schedule
from scaling.training.start import Start


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
    """The sections of a composed config, which hold everything except the axes; Refused for bad values."""
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
    point.schedule.check(point.num_steps)
    recipe = shared.regularization.applied(
        point.recipe,
        layers=point.network.num_layers,
        width=point.width,
        resolution=point.resolution,
        epochs=point.epochs,
    )
    return point if recipe is point.recipe else replace(point, recipe=recipe)


def point_from_settings(values: Mapping[str, Any], data: DataSet) -> Point:
    """The point of a composed config, from its axes and its sections."""
    return point_at(values, shared_from_settings(values, data))


def point_from_json(value: Mapping[str, Any]) -> Point:
    """The point that `Point.to_json` wrote; its inverse."""
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
    """Pixels along one side: a number as given, or for `ladder` the family's own resolution at this depth."""
    if value != "ladder":
        return whole_number("resolution", value)
    if not isinstance(model, EfficientNet):
        raise Refused(f"resolution=ladder: {family} has no ladder of resolutions, give the pixels.")
    return model.ladder_resolution(depth)


def _evaluate_at(value: Any) -> tuple[int, ...]:
    """The resolutions in ascending order, so that the order in which they were given does not matter."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise Refused(f"evaluate_at={value} should be a list in brackets, such as [14, 28].")
    sides = sorted(whole_number("evaluate_at", side) for side in value)
    if len(set(sides)) < len(sides):
        raise Refused(f"evaluate_at={list(value)} names a resolution twice: give each once.")
    return tuple(sides)


def recipe_of(values: Mapping[str, Any]) -> Recipe:
    """The recipe that a config in conf/recipe/ describes."""
    recipe = strict(Recipe, values, "recipe")
    if recipe.optimizer != "sgd":
        from scaling.training.optimizer import check_optimizer  # timm imports torch, which is slow

        check_optimizer(recipe.optimizer)
    return recipe


def family_of(values: Mapping[str, Any]) -> Family:
    """The family that a config in conf/model/ describes."""
    name = values.get("family")
    if not isinstance(name, str) or name not in FAMILIES:
        raise Refused(f"model.family={name} is unknown: {nearest(str(name), list(FAMILIES))}.")
    options = {key: value for key, value in values.items() if key != "family"}
    return strict(FAMILIES[name], options, "model")
