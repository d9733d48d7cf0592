"""A clip: so many frames of a video, in one window of all of them, at the side that is wanted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Places = NDArray[np.int64]


class Window(NamedTuple):
    """What a clip has of its video."""

    first: int
    """The frame it starts at."""
    rows: Places
    columns: Places


def cut(video: NDArray[np.uint8], frames: int, window: Window, side: int) -> Tensor:
    """(C, frames, side, side) uint8 of a video (T, H, W, C); one that ends too soon starts over.

    Antialiased and bilinear, and as it is where the window has the side that is wanted.
    """
    times = window.first + np.arange(frames)
    within = times[-1] < len(video)
    part = video[window.first : window.first + frames] if within else video[times % len(video)]
    pixels = torch.from_numpy(part[:, window.rows[:, np.newaxis], window.columns]).permute(0, 3, 1, 2)
    if pixels.shape[-2:] != (side, side):
        size = (side, side)
        pixels = functional.interpolate(pixels.float(), size=size, mode="bilinear", antialias=True)
        pixels = pixels.round_().byte()
    return pixels.transpose(0, 1)


def spread(room: int, number: int) -> list[int]:
    """So many places from 0 to `room`, evenly, of which a single one is in the middle."""
    if number == 1:
        return [max(room, 0) // 2]
    return [round(max(room, 0) * index / (number - 1)) for index in range(number)]


def views(shape: tuple[int, ...], frames: int, temporal: int, spatial: int) -> list[Window]:
    """The windows in which a video of `shape` (T, H, W, C) is evaluated: squares of its shorter side."""
    length, height, width = shape[:3]
    short = min(height, width)
    along = np.arange(short)
    windows = []
    for first in spread(length - frames, temporal):
        for start in spread(max(height, width) - short, spatial):
            rows, columns = (along + start, along) if height > width else (along, along + start)
            windows.append(Window(first, rows, columns))
    return windows


def reflect(places: Places, side: int) -> Places:
    """Places beyond an edge as those before it, the edge itself not repeated."""
    reflected: Places = (side - 1) - np.abs((side - 1) - np.abs(places))
    return reflected
