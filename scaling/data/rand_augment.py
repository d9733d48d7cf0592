"""RandAugment of a whole batch (Cubuk et al. 2019, arXiv 1909.13719), with torchvision's 14 operations and
strengths; magnitude 10 is the paper's largest."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torchvision.transforms.v2 import functional

from scaling.data.augment import Chance, sent

Move: TypeAlias = Callable[[float, int], list[list[float]]]
"""From a strength (1 is the paper's largest, negative values invert the operation) and the side in pixels to
a matrix (2, 3) for `affine_grid`, which gives the source of each pixel in coordinates from -1 to 1."""
Change: TypeAlias = Callable[[Tensor, float], Tensor]
"""From images (N, C, S, S) uint8 and a strength to images, without making the host wait for a GPU."""


def _rotated(strength: float, _side: int) -> list[list[float]]:
    """Rotation by up to 30 degrees."""
    sine, cosine = (of(math.radians(30 * strength)) for of in (math.sin, math.cos))
    return [[cosine, -sine, 0], [sine, cosine, 0]]


def _translation(strength: float, side: int) -> float:
    """Translation by up to 150/331 of a side, in whole pixels."""
    return -2 * round(150 / 331 * strength * side) / side


MOVES: dict[str, Move] = {
    "identity": lambda _strength, _side: [[1, 0, 0], [0, 1, 0]],
    "shear_x": lambda s, _: [[1, 0.3 * s, 0.3 * s], [0, 1, 0]],  # the upper edge stays in place
    "shear_y": lambda s, _: [[1, 0, 0], [0.3 * s, 1, 0.3 * s]],
    "translate_x": lambda s, side: [[1, 0, _translation(s, side)], [0, 1, 0]],
    "translate_y": lambda s, side: [[1, 0, 0], [0, 1, _translation(s, side)]],
    "rotate": _rotated,
}


def _factor(strength: float) -> float:
    """Factor of an enhancement: 1 leaves the image unchanged, 0 removes the enhanced property."""
    return max(0.1, 1 + 0.9 * strength)


def _sharpened(images: Tensor, strength: float) -> Tensor:
    """Like torchvision's, which would copy its 3x3 kernel (5 in the middle, else 1) to a GPU on each call."""
    pixels = images.float()
    inner = pixels[..., 1:-1, 1:-1]
    of_rows = pixels[..., :-2, :] + pixels[..., 1:-1, :] + pixels[..., 2:, :]
    of_all = of_rows[..., :-2] + of_rows[..., 1:-1] + of_rows[..., 2:]
    blurred = of_all.add_(inner, alpha=4).div_(13).round_()
    inner.add_(blurred.sub_(inner), alpha=1 - _factor(strength))
    return pixels.clamp_(0, 255).byte()


CHANGES: dict[str, Change] = {
    "brightness": lambda images, s: functional.adjust_brightness(images, _factor(s)),
    "color": lambda images, s: functional.adjust_saturation(images, _factor(s)),
    "contrast": lambda images, s: functional.adjust_contrast(images, _factor(s)),
    "sharpness": _sharpened,
    "posterize": lambda images, s: functional.posterize(images, max(1, 8 - round(4 * abs(s)))),
    "solarize": lambda images, s: functional.solarize(images, max(0.0, 255 * (1 - abs(s)))),
    "autocontrast": lambda images, _: functional.autocontrast(images),
    "equalize": lambda images, _: functional.equalize(images),
}


def rand_augment(images: Tensor, chance: Chance, *, layers: int, magnitude: float, fill: Tensor) -> Tensor:
    """Apply `layers` random operations to each of `images` (N, C, S, S) uint8, one after another.

    `fill` (C, 1, 1) is the colour beyond the edges.
    """
    side, operations, strengths = images.shape[-1], [*MOVES, *CHANGES], (magnitude / 10, -magnitude / 10)
    places = _all_places(strengths, side, images.device)
    codes = torch.randint(2 * len(operations), (layers, chance.batch), generator=chance.generator)
    augmented = images.clone(memory_format=torch.contiguous_format)  # up to ten times as fast
    for layer in codes[:, chance.share]:
        is_moved = (layer >= len(strengths)) & (layer < len(places))  # the first codes are the identity
        of_moved = sent(is_moved.nonzero().flatten(), images)
        augmented[of_moved] = moved(augmented[of_moved], places[sent(layer[is_moved], images)], fill)
        for code in layer[layer >= len(places)].unique().tolist():
            index, sign = divmod(code, len(strengths))
            of_code = sent((layer == code).nonzero().flatten(), images)
            augmented[of_code] = CHANGES[operations[index]](augmented[of_code], strengths[sign])
    return augmented.contiguous(memory_format=torch.channels_last)  # the layout that the network needs


@lru_cache(maxsize=4)
def _all_places(strengths: tuple[float, ...], side: int, device: torch.device) -> Tensor:
    """`places_of` each move in each strength, cached since they are the same for all batches of a run."""
    places = places_of([make(each, side) for make in MOVES.values() for each in strengths], side)
    return places.to(device, non_blocking=True)


def places_of(moves: list[list[list[float]]], side: int) -> Tensor:
    """(M, S, S, 2): the sources of the pixels under each move, for `grid_sample` of images of S = `side`."""
    size = [len(moves), 1, side, side]
    return affine_grid(torch.tensor(moves, dtype=torch.float32), size, align_corners=False)


def moved(images: Tensor, places: Tensor, fill: Tensor) -> Tensor:
    """Resample each image at its `places` (N, S, S, 2), from the nearest pixels."""
    shown = grid_sample(images.float() - fill, places, mode="nearest", align_corners=False)
    return (shown + fill).round_().byte()
