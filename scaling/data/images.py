"""Images: the three splits of a data set, as tensors at one resolution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from scaling.data.mix import Mix
from scaling.data.videos import Videos, ViewedVideos


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Images and labels. Splits are shared and cached, so they are never changed in place."""

    images: Tensor
    """(N, C, S, S) uint8, with masks (N, C + 1, S, S). If `places` is given, the images of all splits,
    memory-mapped from a file."""
    labels: Tensor
    """(N,) int64; all 0 with masks."""
    places: Tensor | None = None
    """(N,) int64: index of each image in `images`; None if those are the images of this split, in order."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def side(self) -> int:
        """Pixels along one side of an image."""
        return self.images.shape[-1]

    @property
    def pixels_each(self) -> int:
        """Number of pixels of an image."""
        return self.images[0, 0].numel()

    @property
    def views_each(self) -> int:
        """Number of views in which an image is evaluated."""
        return 1

    @property
    def is_mapped(self) -> bool:
        """Whether the images are on disk, so that prefetching them is worthwhile."""
        return self.places is not None

    def pixels(self, chosen: Tensor | slice) -> Tensor:
        """The images at these indices or in this slice, (B, C, S, S) uint8, with masks (B, C + 1, S, S)."""
        if self.places is None:
            return self.images[chosen]
        rows = self.images.permute(0, 2, 3, 1)  # the layout of the file, in which each image is contiguous
        return rows.index_select(0, self.places[chosen]).permute(0, 3, 1, 2)

    def to(self, device: torch.device) -> Split:
        """The split on `device`; a memory-mapped split is not moved."""
        if self.is_mapped:
            return self
        return Split(images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """The three splits of a data set at one resolution; `videos.py` describes splits of videos."""

    train: Split | Videos
    val: Split | ViewedVideos
    test: Split | ViewedVideos
    mean: Tensor
    """Mean of the training images on a scale of 0 to 255, (C, 1, 1) float32, or (C, 1, 1, 1) for clips."""
    deviation: Tensor
    """Standard deviation of the training images, of the same shape and scale."""
    mix: Mix | None = None
    """How pseudo-labelled images are used; None if the training split has none."""
    mask_classes: int = 0
    """Number of classes if the last channel of an image is its mask (`masks.apart`); 0 without masks."""
    unreadable: Mapping[int, str] = field(default_factory=dict)
    """Name and reason of each file that cannot be decoded and is left out, by its index in stored order."""

    def normalised(self, pixels: Tensor) -> Tensor:
        """Pixels as float32; over the training images, each channel has mean 0 and standard deviation 1."""
        mean, deviation = (
            torch.empty_like(pixels[0], dtype=torch.float32).copy_(value)  # in an image's layout: faster
            for value in (self.mean, self.deviation)
        )
        return pixels.float().sub_(mean).div_(deviation)

    def to(self, device: torch.device, *, splits: bool = True) -> Images:
        """The images on `device`; without `splits`, only mean and deviation are moved."""
        names = ["mean", "deviation", *(("train", "val", "test") if splits else ())]
        if self.mix and splits and isinstance(self.train, Split) and not self.train.is_mapped:
            names.append("mix")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})
