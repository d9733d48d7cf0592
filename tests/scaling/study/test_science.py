"""Which settings are one point and which are two: whatever changes the science changes the id, and no more.

The changes are made from the dataclass fields themselves, so a new field without effect on the id fails here.
"""

from __future__ import annotations

import csv
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from scaling.data.catalog import DataConfig, declare
from scaling.models.families import FAMILIES
from scaling.study import point as point_module
from scaling.study.point import Point
from scaling.study.settings import point_from_settings
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

Make = Callable[..., Point]
Bash = Callable[..., subprocess.CompletedProcess[str]]

NO_SCIENCE = {
    "family": "a nickname: the network is what counts",
    "model.ladder": "chooses among values of the axis resolution",
    "data.clips": "goes with families that take clips: no point has another value of it",
    "recipe.rand_augment_magnitude": "of nothing, without layers",
    "schedule.milestones": "of another kind",
    "schedule.step_factor": "of another kind",
    "schedule.cooldown_fraction": "of another kind",
    "schedule.cooldown": "of another kind",
    "regularization.policy": "what it comes to stands in the recipe",
    "regularization.plain_epochs": "likewise",
}
"""Fields of a point that are no part of its id by themselves, or where others are as they are."""

NOT_OF_CLIPS = {"recipe.rand_augment_layers", "evaluate_at", "views.spatial"}
NOT_OF_IMAGES = {"recipe.scale_jitter", "views.temporal", "views.spatial", "views.resolution"}
"""Fields that such a point has no other value of: the frames here are square, so that one view has all."""

AXES: dict[str, dict[str, Any]] = {
    "resnet_small": {"depth": 8, "width": 4.0},  # where channels of SE are not rounded to the same
    "resnet": {"depth": 26},
    "resnet_rs": {"depth": 26},
    "efficientnet": {"depth": 1.0, "width": 1.0},
    "efficientnet_rs": {"depth": 1.0, "width": 1.0},
    "resnet3d_rs": {"depth": 26, "frames": 8},
}
DEEPER = {"resnet_small": 14, "efficientnet": 2.0, "efficientnet_rs": 2.0}
"""Another depth that can be built; 50 for the others."""


@pytest.mark.parametrize("family", FAMILIES)
def test_every_scientific_field_changes_the_id_to_one_of_its_own(make_point: Make, family: str) -> None:
    point = _point_of(make_point, family)
    by_id = defaultdict(list, {point.id: ["unchanged"]})
    for name, changed in _changed_points(point):
        by_id[changed.id].append(name)
    assert [names for names in by_id.values() if len(names) > 1] == []
    assert len(by_id) > 25


@pytest.mark.parametrize("family", FAMILIES)
def test_a_setting_differs_by_what_is_no_axis(make_point: Make, family: str) -> None:
    point = _point_of(make_point, family)
    for name, changed in _changed_points(point):
        assert (changed.setting == point.setting) == (name in point.axes), name


def _point_of(make_point: Make, family: str) -> Point:
    data = replace(make_point().data, clips=family == "resnet3d_rs")
    return make_point(family=family, model=FAMILIES[family](), data=data, resolution=64, **AXES[family])


def _changed_points(point: Point) -> Iterator[tuple[str, Point]]:
    """The point with each of its fields, and each field of these, changed by itself."""
    fixed = {*NO_SCIENCE, *(NOT_OF_CLIPS if point.data.clips else NOT_OF_IMAGES)}
    for name, value in _fields(point):
        if is_dataclass(value):
            for label, changed in _changed(value):
                if f"{name}.{label}".partition("=")[0] not in fixed:
                    yield f"{name}.{label}", replace(point, **{name: changed})
        elif name == "depth":
            yield name, replace(point, depth=DEEPER.get(point.family, 50))
        elif name not in fixed and value is not None:  # an image has no frames
            for other in _others(Point, name, value):
                yield name, replace(point, **{name: other})


def _changed(part: Any) -> Iterator[tuple[str, Any]]:
    for name, value in _fields(part):
        for other in _others(type(part), name, value):
            yield f"{name}={other}", replace(part, **{name: other})


def _fields(part: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(part, field.name)) for field in fields(part)]


def _others(kind: type, name: str, value: Any) -> list[Any]:
    """Other values of the field: all that a Literal has, one of anything else."""
    declared = get_type_hints(kind)[name]
    if get_origin(declared) is Literal:
        return [choice for choice in get_args(declared) if choice != value]
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 2]
        case float():
            return [value / 2 if value else 0.5]
        case str():
            return ["f" * len(value)]
        case ():
            return [(64,)]
        case tuple():
            return [(value[0] / 2 if isinstance(value[0], float) else value[0] + 2, *value[1:])]
        case None:
            return [64]  # recipe.norm_batch
    pytest.fail(f"say here what another value of {kind.__name__}.{name} is")


@pytest.mark.parametrize(
    ("part", "name", "reads"),
    [
        (Schedule(kind="step"), "milestones", True),
        (Schedule(kind="step"), "step_factor", True),
        (Schedule(kind="step"), "cooldown", False),
        (Schedule(kind="step"), "cooldown_fraction", False),
        (Schedule(kind="wsd"), "cooldown", True),
        (Schedule(kind="wsd"), "cooldown_fraction", True),
        (Schedule(kind="wsd"), "milestones", False),
        (Schedule(kind="wsd"), "step_factor", False),
        (Recipe(rand_augment_layers=2), "rand_augment_magnitude", True),
        (Recipe(crop="padded"), "crop_padding", True),
        (Recipe(crop="resized"), "crop_padding", False),
    ],
    ids=str,
)
def test_a_field_counts_where_it_is_read(make_point: Make, part: Any, name: str, reads: bool) -> None:
    section = "schedule" if isinstance(part, Schedule) else "recipe"
    point = make_point(**{section: part})
    for other in _others(type(part), name, getattr(part, name)):
        changed = replace(point, **{section: replace(part, **{name: other})})
        assert (changed.id != point.id) == (changed.setting != point.setting) == reads


def test_points_of_one_policy_are_compared_whatever_their_strengths(make_point: Make) -> None:
    """Dropout grows with the width, so the recipes differ, and the setting does not."""
    settings = SETTINGS | {"regularization": {"policy": "by_scale", "plain_epochs": 1}}
    data = make_point().data
    narrow, wide, short = (
        point_from_settings(settings | axes, data) for axes in ({}, {"width": 2.0}, {"epochs": 1})
    )
    assert (narrow.recipe.dropout, wide.recipe.dropout, short.recipe.dropout) == (0.25, 0.375, 0)
    assert narrow.setting == wide.setting == short.setting
    assert point_from_settings(SETTINGS, data).setting != narrow.setting
    given = make_point(recipe=narrow.recipe, schedule=narrow.schedule, model=narrow.model, width=1.0)
    assert given.setting != narrow.setting


def test_a_whole_number_for_a_fraction_is_the_same_point(make_point: Make) -> None:
    """In whichever order the two are made."""
    whole, fraction = Recipe(learning_rate=1), Recipe(learning_rate=1.0)
    ids = [make_point(recipe=recipe).id for recipe in (whole, fraction)]
    for cached in (point_module._shared_text, point_module._setting):
        cached.cache_clear()
    assert [make_point(recipe=recipe).id for recipe in (fraction, whole)] == ids == ids[:1] * 2


def test_a_default_spelled_out_is_the_same_point(make_point: Make) -> None:
    assert make_point(recipe=Recipe(batch_size=128, norm_batch=128)).id == make_point().id


SETTINGS: dict[str, Any] = {
    "depth": 8,
    "width": 1.0,
    "resolution": 28,
    "epochs": 2,
    "seed": 0,
    "model": {"family": "resnet_small", "se_ratio": 0.0, "stem": "deep"},
    "recipe": {"batch_size": 128, "norm_batch": None, "learning_rate": 1.0, "momentum": 0.0},
    "schedule": {"warmup_fraction": 0.0},
    "precision": "fp32",
}


@pytest.mark.parametrize(
    "spelled",
    [
        {"width": 1},
        {"depth": 8.0},
        {"model": {"stem": "deep", "se_ratio": 0, "family": "resnet_small"}},
        {"model": SETTINGS["model"] | {"activation": "relu", "base_channels": 16}},
        {"recipe": {"momentum": 0, "learning_rate": 1, "norm_batch": 128}},
        {"recipe": SETTINGS["recipe"] | {"momentum": -0.0, "weight_decay": 4e-5, "flip": True}},
        {"schedule": {"kind": "cosine", "warmup_fraction": 0}},
        {"tracker": {"kind": "none"}, "device": {"name": "cuda", "threads": 8}, "study": {"name": "other"}},
    ],
    ids=str,
)
def test_settings_alike_in_science_are_one_point(make_point: Make, spelled: Mapping[str, Any]) -> None:
    data = make_point().data
    assert _ids(SETTINGS | spelled, data) == _ids(SETTINGS, data)


def _ids(settings: Mapping[str, Any], data: Any) -> tuple[str, str]:
    point = point_from_settings(settings, data)
    return point.id, point.setting


def test_a_nominal_depth_and_its_layers_are_one_point(make_point: Make) -> None:
    """Depth 300 has 296 layers; the id holds the block list."""
    rs = {"family": "resnet_rs", "model": FAMILIES["resnet_rs"](), "resolution": 32}
    named, counted, other = (make_point(**rs, depth=depth) for depth in (300, 296, 299))
    assert named.id == counted.id != other.id


def test_where_the_pictures_lie_is_no_part_of_the_id(make_point: Make, pictures: Path) -> None:
    moved, recipe = pictures.with_name("moved"), Recipe(batch_size=32)
    config = DataConfig(name="image_folder", root=str(pictures), num_val=20, mirror=True)
    here = make_point(data=declare(config), recipe=recipe)
    pictures.rename(moved)
    assert make_point(data=declare(replace(config, root=str(moved))), recipe=recipe).id == here.id


def test_where_and_how_points_run_is_no_part_of_their_ids(bash: Bash, tmp_path: Path) -> None:
    """A device of the machine's own, threads, tracker, launcher and place, through the door."""
    grid = "depth=8 width=0.5,1 seed=0,1 plan=true study.name=mine"
    elsewhere = (
        f"device.threads=2 device.checkpoint_every_s=5 tracker=none hydra.launcher.slots=1 "
        f"data.root=/nowhere study.root={tmp_path}/there"
    )
    for line in (f"{grid} study.root={tmp_path}/here", f"{grid} {elsewhere}"):
        done = bash(f"python sweep.py -m {line}")
        assert done.returncode == 0, done.stderr
    here, there = (_planned_ids(tmp_path / place / "mine/plan.csv") for place in ("here", "there"))
    assert len(here) == 4
    assert here == there


def _planned_ids(plan: Path) -> list[str]:
    return [row["point"] for row in csv.DictReader(plan.read_text().splitlines())]
