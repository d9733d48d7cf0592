"""Masks: the class of each pixel, kept as one more channel of its image, so that one moves with the other."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_CHUNK = 4096
"""Images resized at once, which bounds the memory it takes."""


def apart(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """(N, C + 1, S, S) uint8 as images (N, C, S, S) and classes (N, S, S) int64."""
    return pixels[:, :-1], pixels[:, -1].long()


def dealt(pixels: Tensor, order: Tensor) -> Tensor:
    """(N, C + 1, S, S): each image with the mask of another, in the `order` (N,)."""
    return torch.cat([pixels[:, :-1], pixels[order, -1:]], 1)


def resized(pixels: Tensor, side: int) -> Tensor:
    """(N, C + 1, S, S) uint8 at another side: images antialiased, of classes always the nearest."""
    if pixels.shape[-1] == side:
        return pixels
    return torch.cat([_resized(chunk, (side, side)) for chunk in torch.split(pixels, _CHUNK)])


def _resized(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    images = functional.interpolate(pixels[:, :-1].float(), size=size, mode="bilinear", antialias=True)
    classes = functional.interpolate(pixels[:, -1:].float(), size=size, mode="nearest-exact")
    return torch.cat([images, classes], 1).round().byte()
