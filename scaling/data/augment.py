"""Random crops and horizontal flips of a whole batch as one operation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

_LEAST_AREA = 0.08
"""Smallest area of a window, as a share of the image."""
_MOST_OBLONG = 4 / 3
"""Largest aspect ratio of a window."""
_DRAWN = 10
"""Windows drawn per image, of which the first that fits in the image is used."""


@dataclass(frozen=True, kw_only=True)
class Chance:
    """The random numbers of a batch, of which a process uses its share.

    They are drawn for the whole batch, so the result for an image does not depend on how that is shared.
    """

    generator: torch.Generator
    """On the CPU."""
    batch: int
    """Number of images in the batch."""
    share: slice = field(default_factory=lambda: slice(None))
    """The images of this process."""

    def uniform(self, *shape: int) -> Tensor:
        """Numbers (..., B) in [0, 1) for the images of this process."""
        return torch.rand((*shape, self.batch), generator=self.generator)[..., self.share]


def augment(images: Tensor, chosen: Tensor, chance: Chance, *, padding: int, mirror: bool) -> Tensor:
    """The `chosen` (B,) of `images` (N, C, S, S), each with its own random offset and flip.

    A crop is a window of S pixels in the image extended by `padding` reflected pixels on each side, so that a
    dark margin stays dark and a photograph continues; `padding` is less than S. It takes one indexing
    operation, without a padded copy.
    """
    if padding == 0 and not mirror:
        return images[chosen]
    side = images.shape[-1]
    offsets = torch.randint(-padding, padding + 1, (2, chance.batch, 1), generator=chance.generator)
    pixels = torch.arange(side, device=images.device)
    rows, columns = _reflect(sent(offsets[:, chance.share], images) + pixels, side)
    if mirror:
        mirrored = sent(chance.uniform(), images) < 0.5
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    crops = images[chosen[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return crops.permute(0, 3, 1, 2)  # indexing leaves channels last in memory, the network's layout


def _reflect(positions: Tensor, side: int) -> Tensor:
    """Reflect positions beyond an edge at it, without repeating the edge."""
    return (side - 1) - ((side - 1) - positions.abs()).abs()


def resized_crops(
    images: Tensor, chosen: Tensor, chance: Chance, *, mirror: bool, masks: bool = False
) -> Tensor:
    """Like `augment`, with the random windows of Inception (Szegedy et al. 2014, arXiv 1409.4842), resized to
    S.

    A window has 8 to 100 % of the image's area and an aspect ratio of 3:4 to 4:3. All are sampled from the
    stored images in one bilinear operation, which never shrinks them. With `masks`, the last channel holds
    classes and is sampled by nearest neighbour.
    """
    windows = _windows(chance.batch, chance.generator)[:, chance.share]
    heights, widths, tops, lefts = sent(windows, images)
    if mirror:
        mirrored = sent(chance.uniform(), images) < 0.5
        lefts, widths = torch.where(mirrored, lefts + widths, lefts), torch.where(mirrored, -widths, widths)
    side = images.shape[-1]
    middles = (torch.arange(side, device=images.device) + 0.5) / side
    rows, columns = (
        2 * (start[:, None] + extent[:, None] * middles) - 1  # grid_sample's coordinates: -1 to 1
        for start, extent in ((tops, heights), (lefts, widths))
    )
    places = torch.stack([columns[:, None].expand(-1, side, -1), rows[:, :, None].expand(-1, -1, side)], -1)
    stored = images[chosen].float()
    sample = partial(functional.grid_sample, grid=places, padding_mode="border", align_corners=False)
    if masks:
        crops = torch.cat([sample(stored[:, :-1]), sample(stored[:, -1:], mode="nearest")], 1)
    else:
        crops = sample(stored)
    return crops.round_().byte()


def sent(drawn: Tensor, images: Tensor) -> Tensor:
    """Move `drawn`, a few numbers per image, to the device of the images without waiting for a GPU."""
    return drawn.to(images.device, non_blocking=True)


def _windows(number: int, generator: torch.Generator) -> Tensor:
    """(4, number): height, width, top and left of windows, as shares of the side."""
    chosen = window_sides(number, generator)
    return torch.cat([chosen, (1 - chosen) * torch.rand((2, number), generator=generator)])


def window_sides(number: int, generator: torch.Generator) -> Tensor:
    """(2, number): height and width of windows, as shares of the side.

    The first of ten drawn windows that fits in the image is used, or the whole image if none fits.
    """
    areas = torch.rand((_DRAWN, number), generator=generator) * (1 - _LEAST_AREA) + _LEAST_AREA
    ratios = torch.exp((torch.rand((_DRAWN, number), generator=generator) * 2 - 1) * math.log(_MOST_OBLONG))
    sides = torch.stack([(areas / ratios).sqrt(), (areas * ratios).sqrt()])
    sides = torch.cat([sides, torch.ones(2, 1, number)], dim=1)
    first = (sides.amax(0) <= 1).int().argmax(0)
    return sides.gather(1, first.expand(2, 1, number)).squeeze(1)
