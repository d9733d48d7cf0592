"""Random crops and mirroring of a whole batch as one operation."""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

_LEAST_AREA = 0.08
"""Smallest area of a window, as a share of the image."""
_MOST_OBLONG = 4 / 3
_DRAWN = 10
"""Windows that are drawn for an image, to have one that fits."""


def augment(
    images: Tensor,
    chosen: Tensor,
    *,
    padding: int,
    mirror: bool,
    generator: torch.Generator,
    batch: int,
    share: slice = slice(None),
) -> Tensor:
    """The `chosen` (B,) of `images` (N, C, S, S), each with an offset and a mirroring of its own.

    They are a `share` of a `batch`, and what happens to each does not depend on the sharing. It is one
    indexing operation, without a copy that is padded.

    A crop is a window of S pixels in the image extended by `padding` reflected pixels on each side: a dark
    frame stays dark and a photograph goes on. `padding` is less than S, `generator` is on the CPU.
    """
    if padding == 0 and not mirror:
        return images[chosen]
    side = images.shape[-1]
    offsets = torch.randint(-padding, padding + 1, (2, batch, 1), generator=generator)
    pixels = torch.arange(side, device=images.device)
    rows, columns = _reflect(sent(offsets[:, share], images) + pixels, side)
    if mirror:
        mirrored = sent(torch.rand((batch, 1), generator=generator)[share], images) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    crops = images[chosen[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return crops.permute(0, 3, 1, 2)  # the indexing leaves channels last, as the network wants them


def _reflect(positions: Tensor, side: int) -> Tensor:
    """Positions beyond an edge as those before it, the edge itself not repeated."""
    return (side - 1) - ((side - 1) - positions.abs()).abs()


def resized_crops(
    images: Tensor,
    chosen: Tensor,
    *,
    mirror: bool,
    generator: torch.Generator,
    batch: int,
    share: slice = slice(None),
    masks: bool = False,
) -> Tensor:
    """As `augment` does, with windows of Inception (Szegedy et al. 2014, arXiv 1409.4842), resized to S.

    A window has 8 to 100 % of the image's area and sides of 3:4 to 4:3. All are sampled from the stored
    images in one bilinear operation, which only ever enlarges; with `masks` the last channel has classes, of
    which the nearest is taken.
    """
    heights, widths, tops, lefts = sent(_windows(batch, generator)[:, share], images)
    if mirror:
        mirrored = sent(torch.rand(batch, generator=generator)[share], images) < 0.5
        lefts, widths = torch.where(mirrored, lefts + widths, lefts), torch.where(mirrored, -widths, widths)
    side = images.shape[-1]
    middles = (torch.arange(side, device=images.device) + 0.5) / side
    rows, columns = (
        2 * (start[:, None] + extent[:, None] * middles) - 1  # from -1 to 1, as grid_sample has it
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
    """What was drawn, a few numbers for each image, where the images are: a GPU need not be waited for."""
    return drawn.to(images.device, non_blocking=True)


def _windows(number: int, generator: torch.Generator) -> Tensor:
    """(4, number): height, width, top and left of windows, as shares of the side."""
    chosen = window_sides(number, generator)
    return torch.cat([chosen, (1 - chosen) * torch.rand((2, number), generator=generator)])


def window_sides(number: int, generator: torch.Generator) -> Tensor:
    """(2, number): height and width of windows, as shares of the side.

    Of ten that are drawn the first that fits is taken, and where none does, the whole image.
    """
    areas = torch.rand((_DRAWN, number), generator=generator) * (1 - _LEAST_AREA) + _LEAST_AREA
    ratios = torch.exp((torch.rand((_DRAWN, number), generator=generator) * 2 - 1) * math.log(_MOST_OBLONG))
    sides = torch.stack([(areas / ratios).sqrt(), (areas * ratios).sqrt()])
    sides = torch.cat([sides, torch.ones(2, 1, number)], dim=1)
    first = (sides.amax(0) <= 1).int().argmax(0)
    return sides.gather(1, first.expand(2, 1, number)).squeeze(1)
