"""Random crops and mirroring of a whole batch as one indexing operation, without a copy that is padded."""

from __future__ import annotations

import torch
from torch import Tensor


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

    They are a `share` of a `batch`, and what happens to each does not depend on the sharing.

    A crop is a window of S pixels in the image extended by `padding` reflected pixels on each side: a dark
    frame stays dark and a photograph goes on. `padding` is less than S, `generator` is on the CPU.
    """
    if padding == 0 and not mirror:
        return images[chosen]
    side = images.shape[-1]
    offsets = torch.randint(-padding, padding + 1, (2, batch, 1), generator=generator)
    rows, columns = _reflect(offsets[:, share] + torch.arange(side), side).to(images.device)
    if mirror:
        mirrored = torch.rand((batch, 1), generator=generator)[share].to(images.device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    crops = images[chosen[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return crops.permute(0, 3, 1, 2)  # the indexing leaves channels last, as the network wants them


def _reflect(positions: Tensor, side: int) -> Tensor:
    """Positions beyond an edge as those before it, the edge itself not repeated."""
    return (side - 1) - ((side - 1) - positions.abs()).abs()
