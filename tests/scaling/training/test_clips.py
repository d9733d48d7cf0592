"""Training on clips: exact after an interruption, the same for several processes, and evaluated in views."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from scaling.data.catalog import DataConfig, declare
from scaling.data.images import Images
from scaling.data.load_clips import load_clips
from scaling.data.videos import ViewedVideos
from scaling.data.views import Views
from scaling.errors import Refused
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.study.point import Point
from scaling.training.checkpoint import Checkpoint
from scaling.training.evaluate import evaluate
from scaling.training.failure import Stopped
from scaling.training.loop import Hooks, train
from scaling.training.placement import Placement
from scaling.training.recipe import Recipe
from scaling.training.run import Run
from scaling.training.saving import Saving
from scaling.training.schedule import Schedule
from tests.scaling.training.pool import Pool

MakeClips = Callable[..., Point]

ALL_METHODS: dict[str, Any] = {
    "dropout": 0.3,
    "stochastic_depth": 0.5,
    "scale_jitter": 0.5,
    "ema_decay": 0.9,
    "norm_batch": 8,
}


@pytest.fixture(scope="module")
def make_clips() -> MakeClips:
    """A point of 2 epochs of 3 steps; keywords change fields of the point, of the data or of the recipe."""

    def make(**changes: Any) -> Point:
        config = DataConfig(name="moving_mnist5k", num_val=40, num_train=48)
        data = replace(declare(config), num_test=20, mirror=True)
        own = {name: changes.pop(name) for name in list(changes) if name in Point.__dataclass_fields__}
        recipe = {"batch_size": 16, "learning_rate": 0.4, "ema_decay": 0.0} | changes
        fields: dict[str, Any] = {
            "depth": 14,
            "width": 0.5,
            "resolution": 32,
            "frames": 3,
            "epochs": 2,
            "seed": 0,
            "family": "resnet3d_rs",
            "model": ResNet3DRS(base_channels=8, stem_temporal_stride=1),
            "data": data,
            "recipe": Recipe(**recipe),
            "schedule": Schedule(warmup_fraction=0.1),
            "precision": "fp32",
        }
        return Point(**(fields | own))

    return make


def _images(point: Point) -> Images:
    assert point.frames is not None
    return load_clips(point.data, None, point.resolution, point.frames, point.views)


def _rows(point: Point, directory: Path, device: torch.device, stops: tuple[int, ...] = ()) -> Any:
    """The rows without their seconds, of a run that is stopped so often, each time after so many steps."""
    directory.mkdir()
    rows: list[dict[str, float]] = []
    for stop in (*stops, None):
        asked = iter(range(stop or 0))
        with suppress(Stopped):
            train(
                point,
                _images(point),
                Placement(device=device),
                Saving(checkpoint=Checkpoint(directory / "checkpoint.pt"), every_s=1e9),
                Hooks(
                    on_epoch=lambda latest: rows.__setitem__(slice(None), latest),
                    should_stop=lambda: stop is not None and next(asked, None) is None,  # noqa: B023
                ),
            )
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.parametrize("recipe", [ALL_METHODS, {"crop": "resized"}], ids=["all methods", "resized"])
def test_an_interruption_changes_no_bit(
    make_clips: MakeClips, tmp_path: Path, cpu: torch.device, recipe: dict[str, Any]
) -> None:
    point = make_clips(views=Views(temporal=2), **recipe)
    whole = _rows(point, tmp_path / "whole", cpu)
    assert whole == _rows(point, tmp_path / "stopped", cpu, stops=(2, 2))
    assert len({row["train_loss"] for row in whole}) == 2
    assert whole[-1]["train_flops"] == point.cost.train_flops


def _weights(point: Point, device: torch.device, *, frugal: bool) -> dict[str, Tensor]:
    run = Run(point, _images(point), Placement(device=device), frugal=frugal)
    for _ in range(3):
        run.advance()
    return run.model.state_dict()


def test_activations_computed_anew_give_the_same_weights(make_clips: MakeClips, cpu: torch.device) -> None:
    point = make_clips(**ALL_METHODS)
    plain, anew = (_weights(point, cpu, frugal=frugal) for frugal in (False, True))
    assert all(torch.equal(plain[name], anew[name]) for name in plain)


def test_two_processes_train_what_one_does(make_clips: MakeClips, tmp_path: Path) -> None:
    point = make_clips(
        **ALL_METHODS, data=declare(DataConfig(name="moving_mnist5k", num_val=40, num_train=48))
    )
    outcomes = []
    for size in (1, 2):
        pool = Pool(tmp_path / str(size), point, size=size)
        pool.start()
        assert pool.ended() == [0] * size
        outcomes.append(pool.outcome())
    (rows, metrics), (their_rows, their_metrics) = outcomes
    assert their_metrics == pytest.approx(metrics, rel=1e-5)
    for row, theirs in zip(rows, their_rows, strict=True):
        assert theirs == pytest.approx(row, rel=1e-5)


class _Place(nn.Module):
    """Logits of 20 classes, by where a clip is light."""

    def forward(self, clips: Tensor) -> Tensor:
        left, right = clips[..., :16], clips[..., 16:]
        return (left - right).flatten(1).mean(1, keepdim=True) * 5 * torch.linspace(-1, 1, 20)


@pytest.mark.parametrize("batch_size", [2, 7, 256])
def test_probabilities_of_views_are_averaged(make_clips: MakeClips, batch_size: int) -> None:
    images = _images(make_clips(views=Views(temporal=3)))
    assert isinstance(images.val, ViewedVideos)
    loss, top1 = evaluate(_Place(), images, images.val, batch_size=batch_size, bf16=False)
    clips = images.normalised(images.val.pixels(slice(None)).flatten(0, 1))
    of_views = _Place()(clips).softmax(1).view(40, 3, 20)
    assert of_views.std(1).max() > 0.05
    means, labels = of_views.mean(1), images.val.labels
    assert loss == pytest.approx(-means.gather(1, labels[:, None]).log().mean().item(), rel=1e-4)
    assert top1 == 100 * (means.argmax(1) == labels).float().mean().item()


def test_views_change_what_is_evaluated_and_not_what_is_trained(
    make_clips: MakeClips, tmp_path: Path, cpu: torch.device
) -> None:
    one = _rows(make_clips(), tmp_path / "one", cpu)
    three = _rows(make_clips(views=Views(temporal=3)), tmp_path / "three", cpu)
    assert [row["train_loss"] for row in one] == [row["train_loss"] for row in three]
    assert [row["loss"] for row in one] != [row["loss"] for row in three]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rand_augment_layers": 2}, "RandAugment is for images, and moving_mnist5k has clips"),
        ({"evaluate_at": (64,)}, "evaluate_at is for images: clips are evaluated at views.resolution"),
        (
            {"frames": 18},
            "frames=18 is too many: at data.temporal_stride=1 the videos of moving_",
        ),
        ({"views": Views(spatial=3)}, "views.spatial=3 looks at one square so many times"),
        ({"views": Views(resolution=16)}, "views.resolution=16 is not a valid size for resnet3d_rs"),
        ({"views": Views(resolution=0)}, "views.resolution=0 is not a valid size for resnet3d_rs"),
    ],
)
def test_what_is_not_for_clips_is_refused(
    make_clips: MakeClips, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused, match=f"^{sentence}"):
        make_clips(**changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scale_jitter": 0.25}, "recipe.scale_jitter is for clips, and mnist5k has images"),
        ({"views": Views(temporal=2)}, "views is for clips, and mnist5k has images"),
    ],
)
def test_what_is_for_clips_is_refused_for_images(
    make_point: Callable[..., Point], changes: dict[str, Any], sentence: str
) -> None:
    point = make_point()
    recipe = replace(point.recipe, scale_jitter=changes.pop("scale_jitter", 0.0))
    with pytest.raises(Refused, match=f"^{sentence}"):
        replace(point, recipe=recipe, **changes)


def test_what_decides_a_clip_is_part_of_its_id(make_clips: MakeClips) -> None:
    data = DataConfig(name="moving_mnist5k", num_val=40, num_train=48)
    points = [
        make_clips(),
        make_clips(frames=4),
        make_clips(views=Views(temporal=2)),
        make_clips(scale_jitter=0.25),
        make_clips(data=declare(replace(data, temporal_stride=2))),
    ]
    assert len({point.id for point in points}) == len(points)
    assert len({point.setting for point in points}) == len(points) - 1  # frames are an axis
    assert make_clips(views=Views(temporal=1)).id == points[0].id
