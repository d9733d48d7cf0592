"""Masks: the classes of the pixels, stored as the last channel of an image, so that both move together."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def apart(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Split (N, C + 1, S, S) uint8 into images (N, C, S, S) and classes (N, S, S) int64."""
    return pixels[:, :-1], pixels[:, -1].long()


def dealt(pixels: Tensor, order: Tensor) -> Tensor:
    """Pair each image of (N, C + 1, S, S) with the mask of another, given by the indices `order` (N,)."""
    return torch.cat([pixels[:, :-1], pixels[order, -1:]], 1)


def interpolated(pixels: Tensor, side: int) -> Tensor:
    """(N, C + 1, side, side) float32 of (N, C + 1, S, S) uint8: images by a bilinear antialiased filter,
    classes by nearest neighbour."""
    size = (side, side)
    images = functional.interpolate(pixels[:, :-1].float(), size=size, mode="bilinear", antialias=True)
    classes = functional.interpolate(pixels[:, -1:].float(), size=size, mode="nearest-exact")
    return torch.cat([images, classes], 1)
