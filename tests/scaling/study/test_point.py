"""A point's id: what is in it, what is not, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from scaling.errors import Refused
from scaling.models.resnet import ResNet, ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.fields import changed_fields
from scaling.study.point import Point
from scaling.study.settings import point_from_json
from scaling.training.recipe import Recipe

Make = Callable[..., Point]


def test_the_id_is_pinned(make_point: Make) -> None:
    """If this fails, finished studies would run again: raise SEMANTICS only when training changed meaning."""
    assert make_point().id == "ff8a309b2b2efc99"


def test_one_network_under_two_names_is_one_point(make_point: Make) -> None:
    """Width 0.5 of 32 channels is width 1 of 16."""
    wide_base = make_point(width=0.5, model=ResNetSmall(base_channels=32))
    assert wide_base.id == make_point(width=1.0, model=ResNetSmall(base_channels=16)).id


def test_a_switch_makes_resnet_and_resnet_rs_one_network(make_point: Make) -> None:
    switched = ResNet(stem="deep", stem_pool="conv", pooled_shortcut=True, se_ratio=0.25)
    a, b = (
        make_point(family=family, model=model, depth=26, resolution=32)
        for family, model in (("resnet", switched), ("resnet_rs", ResNetRS()))
    )
    assert a.id == b.id


def test_frames_are_an_axis_of_clips(make_point: Make) -> None:
    clips = replace(make_point().data, clips=True)
    video = {"family": "resnet3d_rs", "model": ResNet3DRS(), "data": clips, "depth": 26, "resolution": 32}
    short, long = (make_point(**video, frames=frames) for frames in (8, 16))
    assert short.id != long.id
    assert long.axes["frames"] == 16
    assert 1.9 < long.cost.flops / short.cost.flops < 2.1
    assert point_from_json(long.to_json()) == long
    assert "frames" not in make_point().axes
    for change, sentence in (
        ({"frames": None}, "frames is missing: resnet3d_rs takes clips"),
        ({"frames": 1}, "frames=1 is too few for resnet3d_rs"),
        (
            {"frames": 8, "data": make_point().data},
            "model.family=resnet3d_rs takes clips, and mnist5k has im",
        ),
    ):
        with pytest.raises(Refused, match=sentence):
            make_point(**{**video, **change})
    with pytest.raises(Refused, match="resnet_small takes images, and mnist5k has clips"):
        make_point(data=clips)


@dataclass(frozen=True)
class _Inner:
    size: int
    added_later: str = "as before"


@dataclass(frozen=True)
class _Outer:
    inner: tuple[_Inner, ...]
    also_added: float | None = None


def test_a_field_added_with_a_default_leaves_ids_as_they_were() -> None:
    assert changed_fields(_Outer((_Inner(3),))) == {"inner": [{"size": 3}]}
    changed = _Outer((_Inner(3, "anew"),), also_added=1.0)
    assert changed_fields(changed) == {"inner": [{"size": 3, "added_later": "anew"}], "also_added": 1.0}


def test_setting_is_shared_along_the_axes(make_point: Make) -> None:
    assert make_point(depth=14, width=1.0, resolution=28, epochs=9, seed=3).setting == make_point().setting
    assert make_point(recipe=Recipe(label_smoothing=0)).setting != make_point().setting


@pytest.mark.parametrize("changes", [{}, {"evaluate_at": (14, 28)}], ids=str)
def test_json_and_back(make_point: Make, changes: dict[str, object]) -> None:
    point = make_point(width=0.25, recipe=Recipe(norm_batch=32), **changes)
    assert point_from_json(json.loads(json.dumps(point.to_json()))) == point


def test_other_resolutions_to_evaluate_at_are_part_of_the_id(make_point: Make) -> None:
    """None of them leaves the id of a point as it was before there were such."""
    points = [make_point(evaluate_at=sides) for sides in ((), (28,), (14, 28))]
    assert len({point.id for point in points}) == len({point.setting for point in points}) == 3
    assert points[0].id == make_point().id
    written = {name: value for name, value in points[0].to_json().items() if name != "evaluate_at"}
    assert point_from_json(written) == points[0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"depth": 9}, "depth=9 cannot be built: resnet_small has depth 6k+2, the nearest is 8 or 14."),
        ({"depth": 1}, "depth=1 cannot be built: resnet_small has depth 6k+2, the nearest is 8."),
        (
            {"width": 0.01},
            "width=0.01 gives 0 channels in the first stage of 16: use a width of at least 0.125.",
        ),
        ({"frames": 4}, "frames=4 is of no use to resnet_small, which takes images: leave it out."),
        ({"resolution": 3}, "resolution=3 is too small for resnet_small, which shrinks an image 4 times: "),
        ({"epochs": 0}, "epochs=0 trains nothing: use at least 1."),
        (
            {"evaluate_at": (3, 28)},
            "evaluate_at=3 is not a valid size for resnet_small, which shrinks an image 4 times: ",
        ),
        ({"evaluate_at": (28, 2_000_000)}, "evaluate_at=2000000 is not a valid size for resnet_small, "),
        ({"seed": -1}, "seed=-1 must not be negative."),
        ({"recipe": Recipe(batch_size=4096)}, "recipe.batch_size=4096 is more than the 3500 training images"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_refused_in_a_sentence(
    make_point: Make, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Refused) as refusal:
        make_point(**change)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize(
    "module",
    ["scaling.study.plan", "scaling.study.grid", "scaling.data.catalog", "launchers.launch", "analysis"],
)
def test_planning_does_not_import_torch(module: str) -> None:
    code = f"import sys, {module}; sys.exit('torch' in sys.modules or 'wandb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
