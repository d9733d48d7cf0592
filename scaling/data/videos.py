"""The videos of a split: as clips for training, and in several views for evaluation."""

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
"""From the index of a stored video to its frames (T, H, W, C)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Videos:
    """Labels and frames, in memory or on disk. They are shared, so they are never changed in place."""

    frames: Frames
    places: Tensor
    """(N,) int64: index of each among the stored videos."""
    labels: Tensor
    """(N,) int64."""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Videos:
        """These videos, unmoved: clips are cut on the CPU."""
        del device
        return self

    def clips(self, chosen: Tensor, draws: Draws, share: range) -> Tensor:
        """Clips (B, C, T, S, S) uint8 of the `chosen` videos (B,), which have the positions `share` in the
        batch."""
        of = draws.of
        clips = []
        for number, place in zip(share, self.places[chosen].tolist(), strict=True):
            video = self.frames(place)
            clips.append(cut(video, of.frames, draws.window(number, video.shape), of.side))
        return torch.stack(clips)


@dataclass(frozen=True, kw_only=True, eq=False)
class ViewedVideos:
    """Videos for evaluation, each in several views."""

    videos: Videos
    num_frames: int
    """Frames of a view."""
    views: Views
    side: int
    """Pixels along the sides of a view."""

    @property
    def labels(self) -> Tensor:
        """(N,) int64."""
        return self.videos.labels

    @property
    def pixels_each(self) -> int:
        """Number of pixels of a view, over all its frames."""
        return self.num_frames * self.side**2

    @property
    def views_each(self) -> int:
        """Number of views in which a video is evaluated."""
        return self.views.number

    def __len__(self) -> int:
        return len(self.videos)

    def to(self, device: torch.device) -> ViewedVideos:
        """These videos, unmoved: views are cut on the CPU."""
        del device
        return self

    def pixels(self, part: slice) -> Tensor:
        """All views (B, V, C, T, S, S) uint8 of the videos in this slice."""
        return torch.stack([self._views(place) for place in self.videos.places[part].tolist()])

    def _views(self, place: int) -> Tensor:
        video = self.videos.frames(place)
        windows = views(video.shape, self.num_frames, self.views.temporal, self.views.spatial)
        return torch.stack([cut(video, self.num_frames, window, self.side) for window in windows])
