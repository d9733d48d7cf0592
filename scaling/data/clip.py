"""A clip: consecutive frames of a video, cut by the same window and resized."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

Places = NDArray[np.int64]


class Window(NamedTuple):
    """The part of a video that a clip shows."""

    first: int
    """Index of its first frame."""
    rows: Places
    """Indices of its rows of pixels, and below of its columns."""
    columns: Places


def cut(video: NDArray[np.uint8], frames: int, window: Window, side: int) -> Tensor:
    """Cut a clip (C, frames, side, side) uint8 from a video (T, H, W, C), repeating a video that is too
    short.

    Windows of another size are resized by an antialiased bilinear filter.
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
    """`number` evenly spaced positions from 0 to `room`; a single one lies in the middle."""
    if number == 1:
        return [max(room, 0) // 2]
    return [round(max(room, 0) * index / (number - 1)) for index in range(number)]


def views(shape: tuple[int, ...], frames: int, temporal: int, spatial: int) -> list[Window]:
    """The windows for evaluating a video of `shape` (T, H, W, C): squares as large as its shorter side."""
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
    """Reflect indices beyond an edge at it, without repeating the edge."""
    reflected: Places = (side - 1) - np.abs((side - 1) - np.abs(places))
    return reflected
