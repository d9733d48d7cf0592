"""Crops and mirroring: true windows, each image with its own."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional

from scaling.data.augment import augment

SIDE = 9


def images(channels: int = 3) -> torch.Tensor:
    return torch.randn(40, channels, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def augmented(padding: int, mirror: bool, chosen: torch.Tensor, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return augment(images(), chosen, padding=padding, mirror=mirror, generator=generator, batch=len(chosen))


def window(image: torch.Tensor, top: int, left: int, mirrored: bool) -> torch.Tensor:
    crop = image[:, top : top + SIDE, left : left + SIDE]
    return crop.flip(-1) if mirrored else crop


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("padding", [0, 1, 3, SIDE - 1])
def test_every_crop_is_a_window_of_its_image(padding: int, mirror: bool) -> None:
    chosen = torch.randperm(40, generator=torch.Generator().manual_seed(2))[:24]
    crops = augmented(padding, mirror, chosen)
    padded = functional.pad(images(), [padding] * 4, mode="reflect") if padding else images()
    found = []
    for crop, index in zip(crops, chosen, strict=True):
        places = itertools.product(range(2 * padding + 1), range(2 * padding + 1), sorted({False, mirror}))
        matches = [place for place in places if torch.equal(crop, window(padded[index], *place))]
        assert matches
        found.append(matches[0])
    if padding > 1:
        assert len(set(found)) > 8
    assert {mirrored for _, _, mirrored in found} == {False, mirror}


def test_nothing_to_do_gives_the_images_themselves() -> None:
    chosen = torch.tensor([5, 5, 0])
    assert torch.equal(augmented(0, False, chosen), images()[chosen])


def test_a_seed_repeats_the_batch() -> None:
    chosen = torch.arange(16)
    assert torch.equal(augmented(2, True, chosen, seed=3), augmented(2, True, chosen, seed=3))
    assert not torch.equal(augmented(2, True, chosen, seed=3), augmented(2, True, chosen, seed=4))


def test_batches_are_channels_last() -> None:
    assert augmented(2, False, torch.arange(4)).is_contiguous(memory_format=torch.channels_last)
