"""The random windows of a training batch of clips, one per clip and the same in all its frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from scaling.data.augment import window_sides
from scaling.data.clip import Window, reflect


@dataclass(frozen=True, kw_only=True)
class ClipWindows:
    """Settings of the random windows; `crop`, `scale_jitter` and `mirror` are as in a recipe."""

    frames: int
    side: int
    """Pixels along the sides of a clip."""
    crop: Literal["padded", "resized"]
    padding: int
    """Pixels by which frames are extended on each side for `padded` crops."""
    scale_jitter: float
    mirror: bool

    def draw(self, generator: torch.Generator, batch: int) -> Draws:
        """Draw for a whole batch, however processes share it; `generator` is on the CPU."""
        sizes = (
            window_sides(batch, generator)
            if self.crop == "resized"
            else torch.rand((1, batch), generator=generator)
        )
        return Draws(self, torch.cat([torch.rand((4, batch), generator=generator), sizes]))


@dataclass(frozen=True)
class Draws:
    """The random draws of a batch."""

    of: ClipWindows
    numbers: Tensor
    """(5 or 6, batch) between 0 and 1: start, top, left, flip, and one or two numbers for the size."""

    def window(self, number: int, shape: tuple[int, ...]) -> Window:
        """The window of clip `number` of the batch, cut from a video of `shape` (T, H, W, C)."""
        start, top, left, mirroring, *sizes = self.numbers[:, number].tolist()
        length, height, width = shape[:3]
        first = _place(start, length - self.of.frames)
        if self.of.crop == "resized":
            short = min(height, width)
            tall, wide = (max(1, round(share * short)) for share in sizes)
            pad = 0
        else:
            tall = wide = max(1, round(self.of.side / (1 + self.of.scale_jitter * sizes[0])))
            pad = self.of.padding
        rows, columns = (
            reflect(np.arange(each) + _place(at, whole + 2 * pad - each) - pad, whole)
            for at, each, whole in ((top, tall, height), (left, wide, width))
        )
        mirrored = self.of.mirror and mirroring < 0.5
        return Window(first, rows, columns[::-1] if mirrored else columns)


def _place(at: float, room: int) -> int:
    """An integer from 0 to `room`, uniform if `at` is uniform in [0, 1)."""
    return min(int(at * (room + 1)), room) if room > 0 else 0
