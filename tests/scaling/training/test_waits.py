"""Waiting: a step never makes the host wait for a GPU, but for a look at the loss now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from scaling.data.catalog import DataConfig, declare
from scaling.data.load import load
from scaling.data.masks import apart
from scaling.data.mix import Mix
from scaling.study.point import Point
from scaling.training.placement import Placement
from scaling.training.run import Run
from scaling.training.scores import scores_of
from scaling.training.step import Stepper
from tests.scaling.training.waits import PHANTOM, Waits, run_on_phantom

MakePoint = Callable[..., Point]
Careless = Callable[[torch.Tensor], object]

RECIPES: dict[str, dict[str, Any]] = {
    "norm parts": {"norm_batch": 8},
    "drops": {"dropout": 0.2, "stochastic_depth": 0.2, "label_smoothing": 0.1},
    "windows": {"crop": "resized"},
    "RandAugment": {"rand_augment_layers": 2},
    "another optimizer": {"optimizer": "lamb"},
}


def waits_of(run: Run, num_steps: int) -> list[str]:
    with Waits() as waits:
        for _ in range(num_steps):
            run.advance()
    return waits.found


def test_a_step_in_fifty_waits_to_look_at_the_loss(make_point: MakePoint) -> None:
    point = make_point(epochs=25)
    run = run_on_phantom(point, load(point.data, None, point.resolution))
    assert waits_of(run, 49) == []
    assert waits_of(run, 1) == ["number"]
    assert waits_of(run, 49) == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_no_method_is_waited_for(make_point: MakePoint, recipe: str) -> None:
    point = make_point(**RECIPES[recipe])
    assert waits_of(run_on_phantom(point, load(point.data, None, point.resolution)), 8) == []


def test_images_from_a_file_are_not_waited_for(make_point: MakePoint, pictures: Path) -> None:
    data = declare(
        DataConfig(name="image_folder", root=str(pictures), num_val=20, num_train=128, mirror=True)
    )
    images = load(data, str(pictures), 8)
    assert images.train.is_mapped
    run = run_on_phantom(replace(make_point(rand_augment_layers=2), data=data), images)
    assert waits_of(run, 8) == []


@pytest.fixture
def masks(make_point: MakePoint) -> Run:
    data = declare(DataConfig(name="scenes_of_mnist5k", num_val=600, num_train=128))
    return run_on_phantom(replace(make_point(resolution=28), data=data), load(data, None, 28))


def test_masks_are_not_waited_for(masks: Run) -> None:
    assert waits_of(masks, 8) == []


def test_no_batch_of_an_evaluation_is_waited_for(make_point: MakePoint) -> None:
    point = make_point()
    point = replace(point, data=replace(point.data, num_val=600))
    run = run_on_phantom(point, load(point.data, None, point.resolution))
    with Waits() as waits:
        run.evaluate(run.images.val)
    assert waits.found == ["number"] * 2  # its sums


def test_no_batch_of_masks_is_waited_for(masks: Run) -> None:
    scores = scores_of(masks.images, 8)
    _, labels = apart(masks.images.val.pixels(slice(8)))
    with Waits() as waits:
        scores.add(torch.empty(8, masks.images.mask_classes, 7, 7, device=PHANTOM), labels)
    assert waits.found == []


@pytest.mark.parametrize("is_soft", [False, True])
def test_labels_of_a_teacher_are_not_waited_for(make_point: MakePoint, is_soft: bool) -> None:
    point = make_point()
    images = load(replace(point.data, num_train=168), None, 8)
    soft = (torch.arange(80, dtype=torch.int32).view(40, 2) % 10, torch.full((40, 2), 0.4).half())
    mix = Mix(
        ratio=1,
        num_labelled=128,
        chosen=torch.arange(128, 168),
        soft=soft if is_soft else None,
        num_classes=10,
        smoothing=0.1,
    )
    assert waits_of(run_on_phantom(point, replace(images, mix=mix)), 8) == []


CARELESS: dict[str, Careless] = {
    "item": lambda loss: loss.item(),
    "branch": lambda loss: 1 if loss > 3 else 0,
    "number of Python": lambda loss: torch.tensor([1.0], device=loss.device),
    "list of Python": lambda loss: loss.new_tensor([1.0, 2.0]),
    "blocking copy": lambda loss: torch.ones(3).to(loss.device),
    "indices on the host": lambda loss: loss.expand(3)[torch.tensor([0, 2])],
}
IMPOSSIBLE: dict[str, Careless] = {
    "copy": lambda loss: loss.cpu(),
    "list": lambda loss: loss[None].tolist(),
    "mask": lambda loss: loss[None][loss[None] > 0],
}
"""Of what has no numbers."""


def _also(monkeypatch: pytest.MonkeyPatch, careless: Careless) -> None:
    step = Stepper.step

    def also(self: Stepper, *args: Any) -> tuple[torch.Tensor, torch.Tensor]:
        loss, num_correct = step(self, *args)
        careless(loss)
        return loss, num_correct

    monkeypatch.setattr(Stepper, "step", also)


@pytest.mark.parametrize("careless", CARELESS)
def test_a_careless_step_would_be_found(
    make_point: MakePoint, monkeypatch: pytest.MonkeyPatch, careless: str
) -> None:
    point = make_point()
    _also(monkeypatch, CARELESS[careless])
    assert len(waits_of(run_on_phantom(point, load(point.data, None, point.resolution)), 3)) == 3


@pytest.mark.parametrize("careless", IMPOSSIBLE)
def test_a_step_that_needs_numbers_would_fail(
    make_point: MakePoint, monkeypatch: pytest.MonkeyPatch, careless: str
) -> None:
    point = make_point()
    _also(monkeypatch, IMPOSSIBLE[careless])
    with pytest.raises(NotImplementedError):
        waits_of(run_on_phantom(point, load(point.data, None, point.resolution)), 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch itself tells who waits, but only for a GPU")
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype feature")
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_on_a_gpu_never_waits(make_point: MakePoint, recipe: str) -> None:
    point = make_point(epochs=10, **RECIPES[recipe])
    run = Run(point, load(point.data, None, point.resolution), Placement(device=torch.device("cuda")))
    run.advance()  # what happens once may wait
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(20):
            run.advance()
    finally:
        torch.cuda.set_sync_debug_mode("default")
