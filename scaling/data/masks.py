"""Masks: the classes of the pixels, stored as the last channel of an image, so that both move together."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_CHUNK = 4096
"""Number of images resized at a time, to limit memory."""


def apart(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Split (N, C + 1, S, S) uint8 into images (N, C, S, S) and classes (N, S, S) int64."""
    return pixels[:, :-1], pixels[:, -1].long()


def dealt(pixels: Tensor, order: Tensor) -> Tensor:
    """Pair each image of (N, C + 1, S, S) with the mask of another, given by the indices `order` (N,)."""
    return torch.cat([pixels[:, :-1], pixels[order, -1:]], 1)


def resized(pixels: Tensor, side: int) -> Tensor:
    """Resize (N, C + 1, S, S) uint8: images bilinearly and antialiased, classes by nearest neighbour."""
    if pixels.shape[-1] == side:
        return pixels
    whole = pixels.new_empty((*pixels.shape[:-2], side, side))
    for part, chunk in zip(torch.split(whole, _CHUNK), torch.split(pixels, _CHUNK), strict=True):
        part.copy_(_resized(chunk, (side, side)))
    return whole


def _resized(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    images = functional.interpolate(pixels[:, :-1].float(), size=size, mode="bilinear", antialias=True)
    classes = functional.interpolate(pixels[:, -1:].float(), size=size, mode="nearest-exact")
    return torch.cat([images, classes], 1).round_()
