"""Grids and settings: every combination once, every bad one named at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from launchers.slurm.options import Options
from scaling.data.dataset import DataSet
from scaling.errors import Refused
from scaling.study.axis import Axis, axis, zipped
from scaling.study.grid import Grid, expand
from scaling.study.match import Match
from scaling.study.point import Point
from scaling.study.strict import strict
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
    grid = Grid(SETTINGS, [axis("depth", [8, 14, 8]), axis("recipe.weight_decay", [0, 1e-4])])
    expansion = expand([grid, grid], declare)
    points = expansion.points
    assert expansion.num_repeats == 8
    assert expansion.varied == ("recipe.weight_decay",)
    assert [(point.depth, point.recipe.weight_decay) for point in points] == [
        (8, 0.0),
        (8, 1e-4),
        (14, 0.0),
        (14, 1e-4),
    ]


def test_a_whole_width_is_the_same_point_as_a_fraction(declare: Declare) -> None:
    assert len(expand([Grid(SETTINGS, [axis("width", [1, 1.0])])], declare).points) == 1


def test_all_bad_points_are_named_at_once(declare: Declare) -> None:
    grid = Grid(SETTINGS, [axis("depth", [8, 9]), axis("width", [1, 0.01])])
    with pytest.raises(Refused) as refusal:
        expand([grid], declare)
    sentence = str(refusal.value)
    assert sentence.startswith("3 of 4 points cannot be built: ")
    assert "depth=9" in sentence
    assert "width=0.01" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("varied", "sentence"),
    [
        (axis("depth", ["deep"]), "depth=deep should be a number."),
        (axis("depth", [8.5]), "depth=8.5 should be a whole number: a ResNet counts its layers."),
        (
            axis("resolution", ["ladder"]),
            "resolution=ladder: resnet_small has no ladder of resolutions, give the pixels.",
        ),
        (axis("frames", ["many"]), "frames=many should be a whole number."),
        (axis("width", [None]), "width=None should be a number."),
        (axis("width", [True]), "width=True should be a number."),
        (axis("width", [float("nan")]), "width=nan should be a number."),
        (axis("precision", ["fp8"]), "precision=fp8 should be fp32, tf32 or bf16."),
        (axis("model.stem", ["thick"]), "model.stem='thick' should be plain or deep."),
        (axis("model.family", ["resmet"]), "model.family=resmet is unknown: did you mean resnet."),
        (axis("recipe.flip", [1]), "recipe.flip=1 should be true or false."),
    ],
    ids=lambda value: str(value) if isinstance(value, Axis) else "",
)
def test_a_bad_value_is_named_with_what_would_be_right(declare: Declare, varied: Axis, sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        expand([Grid(SETTINGS, [varied])], declare)
    assert str(refusal.value) == sentence


def test_an_unknown_option_is_refused_with_a_suggestion() -> None:
    with pytest.raises(Refused, match=r"recipe\.label_smoth is not an option: did you mean label_smoothing"):
        strict(Recipe, {"label_smoth": 0.1}, "recipe")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"timeout_min": 1.5}, "hydra.launcher.timeout_min=1.5 should be a whole number or auto."),
        ({"wait": 2}, "hydra.launcher.wait=2 should be true or false."),
        (
            {"account": 4711},
            "hydra.launcher.account=4711 should be a word or null; a number becomes a word in quotes of its "
            "own, as in \"hydra.launcher.account='4711'\".",
        ),
        (
            {"sbatch": {"exclude": None}},
            "hydra.launcher.sbatch={'exclude': None} should be names with their values in braces, such as "
            "{name: value} or null.",
        ),
    ],
)
def test_what_an_option_takes_is_said_in_words(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        strict(Options, options, "hydra.launcher")
    assert str(refusal.value) == sentence


def test_axes_that_go_together_are_no_product(declare: Declare) -> None:
    grid = Grid(SETTINGS, [zipped(["8x1@14", "14x0.5@28"]), axis("seed", [0, 1])])
    found = [
        (point.depth, point.width, point.resolution, point.seed) for point in expand([grid], declare).points
    ]
    assert found == [(8, 1.0, 14, 0), (8, 1.0, 14, 1), (14, 0.5, 28, 0), (14, 0.5, 28, 1)]


def test_a_matched_grid_has_a_point_a_budget(declare: Declare) -> None:
    match = Match(cost="flops", budgets=(2e6, 8e6), solve="width", tolerance=0.15)
    expansion = expand([Grid(SETTINGS, [axis("depth", [8, 14])], match)], declare)
    assert len(expansion.points) == 4
    for point in expansion.points:
        matched = expansion.matched[point.id]
        assert point.cost.flops == pytest.approx(matched.budget, rel=0.15)
        assert matched.error(point) == pytest.approx(point.cost.flops / matched.budget - 1)


def test_depths_of_one_ratio_are_those_that_can_be_built(declare: Declare) -> None:
    grid = Grid(SETTINGS, [axis("depth", [{"log": [8, 110, 5]}])])
    assert [point.depth for point in expand([grid], declare).points] == [8, 14, 32, 56, 110]


def test_a_refusal_of_very_many_reasons_stays_readable(declare: Declare) -> None:
    grid = Grid(SETTINGS, [axis("depth", range(1000, 1100))])
    with pytest.raises(Refused) as refusal:
        expand([grid], declare)
    assert len(str(refusal.value)) < 2000
    assert "more reasons" in str(refusal.value)
