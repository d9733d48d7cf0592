"""RandAugment of a batch: each image by itself, at any strength, the same however the batch is shared."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from scaling.data import mnist5k
from scaling.data.rand_augment import OPERATIONS, rand_augment

BATCH = 24


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return torch.from_numpy(mnist5k.read().images[:: 5000 // BATCH][:BATCH])


def augmented(images: Tensor, seed: int = 0, **changes: Any) -> Tensor:
    settings = {"layers": 2, "magnitude": 10.0, "fill": [0.0] * images.shape[1], "batch": BATCH} | changes
    return rand_augment(images, **settings, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_at_any_strength_give_images(digits: Tensor, channels: int, name: str) -> None:
    images = digits.expand(-1, channels, -1, -1).contiguous()
    before = images.clone()
    for strength in (0.0, 0.7, -1.0, 1.5, -3.0):
        after = OPERATIONS[name](images, strength, [0.0] * channels)
        assert (after.shape, after.dtype) == (images.shape, torch.uint8)
    assert torch.equal(images, before)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"identity", "color"}))
def test_operations_change_images(digits: Tensor, name: str) -> None:
    """Digits are black and white, so they take little from an autocontrast, and half-lit ones more."""
    images = digits // 2
    assert not torch.equal(OPERATIONS[name](images, 1.0, [0.0]), images)


@pytest.mark.parametrize("name", ["shear_x", "shear_y", "rotate", "brightness"])
def test_more_strength_changes_more(digits: Tensor, name: str) -> None:
    images = digits // 2
    changes = [
        (OPERATIONS[name](images, strength, [0.0]).float() - images.float()).abs().mean().item()
        for strength in (0.2, 0.5, 1.0)
    ]
    assert changes == sorted(changes)
    assert changes[0] > 0


def test_images_go_their_own_ways(digits: Tensor) -> None:
    alike = digits[:1].expand(BATCH, -1, -1, -1)
    different = {image.numpy().tobytes() for image in augmented(alike)}
    assert len(different) > 10


def test_a_seed_repeats_and_no_layer_changes_nothing(digits: Tensor) -> None:
    before = digits.clone()
    assert torch.equal(augmented(digits), augmented(digits))
    assert not torch.equal(augmented(digits), augmented(digits, seed=1))
    assert torch.equal(augmented(digits, layers=0), digits)
    assert torch.equal(digits, before)


@pytest.mark.parametrize("share", [slice(0, 8), slice(8, 24)])
def test_what_happens_to_an_image_does_not_depend_on_the_sharing(digits: Tensor, share: slice) -> None:
    assert torch.equal(augmented(digits[share], share=share), augmented(digits)[share])


def test_what_comes_into_view_has_the_light_it_is_given() -> None:
    images = torch.full((2, 3, 20, 20), 200, dtype=torch.uint8)
    moved = OPERATIONS["translate_x"](images, 1.0, [10.0, 20.0, 30.0])
    assert moved[0, :, 10, 0].tolist() == [10, 20, 30]
    assert moved[0, :, 10, 19].tolist() == [200] * 3
