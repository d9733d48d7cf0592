"""Grids and settings: every combination once, every bad one named at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from scaling.data.dataset import DataSet
from scaling.errors import Refused
from scaling.study.grid import Axis, Grid, expand
from scaling.study.point import Point
from scaling.study.settings import strict
from scaling.training.recipe import Recipe

SETTINGS: Mapping[str, Any] = {
    "depth": 8,
    "width": 1,
    "resolution": 14,
    "epochs": 1,
    "seed": 0,
    "precision": "fp32",
    "model": {"family": "resnet_small"},
    "data": {},
    "recipe": {"batch_size": 64},
    "schedule": {},
}


@pytest.fixture
def declare(make_point: Callable[..., Point]) -> Callable[[Mapping[str, Any]], DataSet]:
    return lambda _: make_point().data


Declare = Callable[[Mapping[str, Any]], DataSet]


def test_every_combination_once(declare: Declare) -> None:
    grid = Grid(SETTINGS, [Axis("depth", [8, 14, 8]), Axis("recipe.weight_decay", [0, 1e-4])])
    points = expand([grid, grid], declare)
    assert [(point.depth, point.recipe.weight_decay) for point in points] == [
        (8, 0.0),
        (8, 1e-4),
        (14, 0.0),
        (14, 1e-4),
    ]


def test_a_whole_width_is_the_same_point_as_a_fraction(declare: Declare) -> None:
    assert len(expand([Grid(SETTINGS, [Axis("width", [1, 1.0])])], declare)) == 1


def test_all_bad_points_are_named_at_once(declare: Declare) -> None:
    grid = Grid(SETTINGS, [Axis("depth", [8, 9]), Axis("width", [1, 0.01])])
    with pytest.raises(Refused) as refusal:
        expand([grid], declare)
    sentence = str(refusal.value)
    assert sentence.startswith("3 of 4 points cannot be built: ")
    assert "depth=9" in sentence
    assert "width=0.01" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("axis", "sentence"),
    [
        (Axis("depth", ["deep"]), "depth=deep should be a number."),
        (Axis("depth", [8.5]), "depth=8.5 should be a whole number: a ResNet counts its layers."),
        (
            Axis("resolution", ["ladder"]),
            "resolution=ladder: resnet_small has no ladder of resolutions, give the pixels.",
        ),
        (Axis("frames", ["many"]), "frames=many should be a whole number."),
        (Axis("width", [None]), "width=None should be a number."),
        (Axis("width", [True]), "width=True should be a number."),
        (Axis("width", [float("nan")]), "width=nan should be a number."),
        (Axis("precision", ["fp8"]), "precision=fp8 should be fp32 or bf16."),
        (Axis("model.stem", ["thick"]), "model.stem='thick' should be plain or deep."),
        (Axis("model.family", ["resmet"]), "model.family=resmet is not built: did you mean resnet."),
        (Axis("recipe.flip", [1]), "recipe.flip=1 should be true or false."),
    ],
    ids=lambda value: value.name if isinstance(value, Axis) else "",
)
def test_a_bad_value_is_named_with_what_would_be_right(declare: Declare, axis: Axis, sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        expand([Grid(SETTINGS, [axis])], declare)
    assert str(refusal.value) == sentence


def test_an_unknown_option_is_refused_with_a_suggestion() -> None:
    with pytest.raises(Refused, match=r"recipe\.label_smoth is not an option: did you mean label_smoothing"):
        strict(Recipe, {"label_smoth": 0.1}, "recipe")
