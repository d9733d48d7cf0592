"""RandAugment of a whole batch (Cubuk et al. 2019, arXiv 1909.13719), by torchvision's operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional

Operation: TypeAlias = Callable[[Tensor, float, Sequence[float]], Tensor]
"""Images (N, C, S, S) uint8, a strength of which 1 is the most in the paper (negative ones go the other way)
and the light of what comes into view from outside, to images."""


def _sheared(x: float, y: float) -> Operation:
    """Shear by up to 0.3 of the other side."""

    def shear(images: Tensor, strength: float, fill: Sequence[float]) -> Tensor:
        slopes = [torch.tensor(0.3 * strength * share).atan().rad2deg().item() for share in (x, y)]
        sheared: Tensor = functional.affine(
            images, 0.0, [0, 0], 1.0, slopes, fill=list(fill), center=[0.0, 0.0]
        )
        return sheared

    return shear


def _translated(x: float, y: float) -> Operation:
    """Move by up to 150/331 of a side."""

    def translate(images: Tensor, strength: float, fill: Sequence[float]) -> Tensor:
        pixels = round(150 / 331 * strength * images.shape[-1])
        moved = [int(x * pixels), int(y * pixels)]
        translated: Tensor = functional.affine(images, 0.0, moved, 1.0, [0.0, 0.0], fill=list(fill))
        return translated

    return translate


def _factor(strength: float) -> float:
    """Of an enhancement: 1 leaves the image as it is, 0 takes away what is enhanced."""
    return max(0.1, 1 + 0.9 * strength)


OPERATIONS: dict[str, Operation] = {
    "identity": lambda images, _s, _f: images,
    "shear_x": _sheared(1, 0),
    "shear_y": _sheared(0, 1),
    "translate_x": _translated(1, 0),
    "translate_y": _translated(0, 1),
    "rotate": lambda images, s, fill: functional.rotate(images, 30 * s, fill=list(fill)),
    "brightness": lambda images, s, _: functional.adjust_brightness(images, _factor(s)),
    "color": lambda images, s, _: functional.adjust_saturation(images, _factor(s)),
    "contrast": lambda images, s, _: functional.adjust_contrast(images, _factor(s)),
    "sharpness": lambda images, s, _: functional.adjust_sharpness(images, _factor(s)),
    "posterize": lambda images, s, _: functional.posterize(images, max(1, 8 - round(4 * abs(s)))),
    "solarize": lambda images, s, _: functional.solarize(images, max(0.0, 255 * (1 - abs(s)))),
    "autocontrast": lambda images, _s, _f: functional.autocontrast(images),
    "equalize": lambda images, _s, _f: functional.equalize(images),
}
"""The 14 of torchvision's RandAugment, with its strengths: magnitude 10 is its largest."""


def rand_augment(
    images: Tensor,
    *,
    layers: int,
    magnitude: float,
    fill: Sequence[float],
    generator: torch.Generator,
    batch: int,
    share: slice = slice(None),
) -> Tensor:
    """`images` (N, C, S, S) uint8, each through `layers` operations of its own, one after another.

    They are a `share` of a `batch`, and what happens to each does not depend on the sharing. `fill` has the
    light of each channel beyond the edges, `generator` is on the CPU.
    """
    codes = torch.randint(2 * len(OPERATIONS), (layers, batch), generator=generator)[:, share]
    operations = list(OPERATIONS.values())
    augmented = images.clone()
    for layer in codes:
        for code in layer.unique().tolist():
            index, is_negative = divmod(code, 2)
            strength = -magnitude / 10 if is_negative else magnitude / 10
            of_code = (layer == code).nonzero().flatten().to(images.device, non_blocking=True)
            augmented[of_code] = operations[index](augmented[of_code], strength, fill)
    return augmented
