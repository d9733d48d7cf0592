"""Videos of a split: what is trained on clips of, and what is seen of each in an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scaling.data.clip import cut, views
from scaling.data.clip_windows import Draws
from scaling.data.views import Views

Frames: TypeAlias = Callable[[int], NDArray[np.uint8]]
"""A stored video (T, H, W, C), by its place."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Videos:
    """Labels and frames, the latter in memory or on a disk; never to be changed in place."""

    frames: Frames
    places: Tensor
    """(N,) int64: where each is among the stored ones"""
    labels: Tensor
    """(N,) int64"""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Videos:
        """The same: clips are cut where the frames are."""
        del device
        return self

    def clips(self, chosen: Tensor, draws: Draws, share: range) -> Tensor:
        """(B, C, T, S, S) uint8 of the `chosen` videos (B,), those of these numbers in their batch."""
        of = draws.of
        clips = []
        for number, place in zip(share, self.places[chosen].tolist(), strict=True):
            video = self.frames(place)
            clips.append(cut(video, of.frames, draws.window(number, video.shape), of.side))
        return torch.stack(clips)


@dataclass(frozen=True, kw_only=True, eq=False)
class ViewedVideos:
    """Videos as they are evaluated: in several views each."""

    videos: Videos
    num_frames: int
    """Frames of a view."""
    views: Views
    side: int
    """Pixels along the sides of a view."""

    @property
    def labels(self) -> Tensor:
        """(N,) int64"""
        return self.videos.labels

    @property
    def pixels_each(self) -> int:
        """Number of pixels of a view, in all frames."""
        return self.num_frames * self.side**2

    @property
    def views_each(self) -> int:
        """Number of views in which a video is evaluated."""
        return self.views.number

    def __len__(self) -> int:
        return len(self.videos)

    def to(self, device: torch.device) -> ViewedVideos:
        """The same: views are cut where the frames are."""
        del device
        return self

    def pixels(self, part: slice) -> Tensor:
        """(B, V, C, T, S, S) uint8: all views of some of the videos."""
        return torch.stack([self._views(place) for place in self.videos.places[part].tolist()])

    def _views(self, place: int) -> Tensor:
        video = self.videos.frames(place)
        windows = views(video.shape, self.num_frames, self.views.temporal, self.views.spatial)
        return torch.stack([cut(video, self.num_frames, window, self.side) for window in windows])
