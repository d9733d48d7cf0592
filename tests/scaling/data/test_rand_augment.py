"""RandAugment of a batch: each image by itself, at any strength, the same however the batch is shared."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

from scaling.data import mnist5k
from scaling.data.augment import Chance
from scaling.data.rand_augment import CHANGES, MOVES, moved, places_of, rand_augment

BATCH = 24


@pytest.fixture(scope="module")
def digits() -> Tensor:
    return torch.from_numpy(mnist5k.read().images[:: 5000 // BATCH][:BATCH])


def augmented(images: Tensor, seed: int = 0, layers: int = 2, share: slice = slice(None)) -> Tensor:
    chance = Chance(generator=torch.Generator().manual_seed(seed), batch=BATCH, share=share)
    fill = torch.zeros(images.shape[1], 1, 1)
    return rand_augment(images, chance, layers=layers, magnitude=10.0, fill=fill)


def operated(images: Tensor, name: str, strength: float, fill: Tensor | None = None) -> Tensor:
    """All of them by one operation."""
    if name in CHANGES:
        return CHANGES[name](images, strength)
    places = places_of([MOVES[name](strength, images.shape[-1])] * len(images), images.shape[-1])
    return moved(images, places, torch.zeros(images.shape[1], 1, 1) if fill is None else fill)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", [*MOVES, *CHANGES])
def test_operations_at_any_strength_give_images(digits: Tensor, channels: int, name: str) -> None:
    images = digits.expand(-1, channels, -1, -1).contiguous()
    before = images.clone()
    for strength in (0.0, 0.7, -1.0, 1.5, -3.0):
        after = operated(images, name, strength)
        assert (after.shape, after.dtype) == (images.shape, torch.uint8)
    assert torch.equal(images, before)


@pytest.mark.parametrize("name", sorted({*MOVES, *CHANGES} - {"identity", "color"}))
def test_operations_change_images(digits: Tensor, name: str) -> None:
    """Digits are black and white, so they take little from an autocontrast, and half-lit ones more."""
    images = digits // 2
    assert not torch.equal(operated(images, name, 1.0), images)


@pytest.mark.parametrize("name", ["shear_x", "shear_y", "rotate", "brightness"])
def test_more_strength_changes_more(digits: Tensor, name: str) -> None:
    images = digits // 2
    changes = [
        (operated(images, name, strength).float() - images.float()).abs().mean().item()
        for strength in (0.2, 0.5, 1.0)
    ]
    assert changes == sorted(changes)
    assert changes[0] > 0


LIGHT = [10.2, 20.7, 30.0]


def _affine(images: Tensor, x: int = 0, y: int = 0, shear: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    slopes = [math.degrees(math.atan(slope)) for slope in shear]
    center = [0.0, 0.0] if any(shear) else None
    result: Tensor = functional.affine(images, 0.0, [x, y], 1.0, slopes, fill=LIGHT, center=center)
    return result


TORCHVISION: dict[str, Callable[[Tensor, float], Tensor]] = {
    "identity": lambda images, _: images,
    "shear_x": lambda images, s: _affine(images, shear=(0.3 * s, 0.0)),
    "shear_y": lambda images, s: _affine(images, shear=(0.0, 0.3 * s)),
    "translate_x": lambda images, s: _affine(images, x=round(150 / 331 * s * images.shape[-1])),
    "translate_y": lambda images, s: _affine(images, y=round(150 / 331 * s * images.shape[-1])),
    "rotate": lambda images, s: functional.rotate(images, 30 * s, fill=LIGHT),
    "sharpness": lambda images, s: functional.adjust_sharpness(images, 1 + 0.9 * s),
}


@pytest.mark.parametrize("side", [1, 2, 3, 28, 96, 224])
@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_give_the_same_pixels(name: str, side: int) -> None:
    images = torch.randint(256, (2, 3, side, side), generator=torch.Generator().manual_seed(0)).byte()
    for strength in (0.9, -0.7, -1.0):
        ours = operated(images, name, strength, torch.tensor(LIGHT)[:, None, None])
        assert torch.equal(ours, TORCHVISION[name](images, strength))


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
    shown = operated(images, "translate_x", 1.0, torch.tensor([10.0, 20.0, 30.0])[:, None, None])
    assert shown[0, :, 10, 0].tolist() == [10, 20, 30]
    assert shown[0, :, 10, 19].tolist() == [200] * 3
