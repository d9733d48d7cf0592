"""Crops and mirroring: true windows, each image with its own."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional

from scaling.data.augment import Chance, augment, resized_crops

SIDE = 9


def images(channels: int = 3) -> torch.Tensor:
    return torch.randn(40, channels, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


def chance(batch: int, seed: int = 0, share: slice = slice(None)) -> Chance:
    return Chance(generator=torch.Generator().manual_seed(seed), batch=batch, share=share)


def augmented(padding: int, mirror: bool, chosen: torch.Tensor, seed: int = 0) -> torch.Tensor:
    return augment(images(), chosen, chance(len(chosen), seed), padding=padding, mirror=mirror)


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


def resized(chosen: torch.Tensor, pixels: torch.Tensor, *, mirror: bool, seed: int = 0) -> torch.Tensor:
    return resized_crops(pixels, chosen, chance(len(chosen), seed), mirror=mirror)


def places(side: int, number: int) -> torch.Tensor:
    """Images that say where each pixel is: light falls from left to right, and from top to bottom."""
    ramp = torch.arange(side) * (255 // side)
    across, down = ramp.expand(side, side), ramp[:, None].expand(side, side)
    return torch.stack([across, down]).byte().expand(number, 2, side, side)


@pytest.mark.parametrize("mirror", [False, True])
def test_resized_crops_are_windows_of_inceptions_sizes(mirror: bool) -> None:
    side, number = 64, 2000
    crops = resized(torch.arange(number), places(side, number), mirror=mirror).float() / (255 // side)
    assert crops.shape == (number, 2, side, side)
    inner = slice(8, -8)  # beyond the edges nothing is sampled
    across = crops[:, 0, :, inner].mean(1)
    down = crops[:, 1, inner, :].mean(2)
    widths, heights = ((line[:, -1] - line[:, 0]) / (side - 17) for line in (across, down))
    assert {bool(width < 0) for width in widths} == {False, mirror}
    areas, ratios = widths.abs() * heights, widths.abs() / heights
    assert 0.07 < areas.min() < 0.12
    assert 0.9 < areas.max() < 1.03
    assert 0.70 < ratios.min() < 0.8
    assert 1.25 < ratios.max() < 1.42
    assert heights.min() > 0
    straight = across - torch.lerp(across[:, :1], across[:, -1:], torch.linspace(0, 1, side - 16))
    assert straight.abs().max() < 1.5
    assert 0.2 < areas.median() < 0.55


def test_a_share_of_resized_crops_is_as_among_all() -> None:
    pixels = (images() * 50 + 128).clamp(0, 255).byte()
    whole = resized(torch.arange(16), pixels, mirror=True)
    part = slice(4, 8)
    alone = resized_crops(pixels, torch.arange(16)[part], chance(16, share=part), mirror=True)
    assert torch.equal(alone, whole[part])
    assert not torch.equal(whole, resized(torch.arange(16), pixels, mirror=True, seed=1))
