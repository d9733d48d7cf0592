"""Images: a data set in its three splits, as tensors at one resolution."""

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
    """(N, C, S, S) uint8, with masks (N, C + 1, S, S); where there are `places`, those of all splits, mapped
    from a file"""
    labels: Tensor
    """(N,) int64; all 0 with masks"""
    places: Tensor | None = None
    """(N,) int64: where each image is among `images`; None where they are the split's own, in order."""

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
        """Whether the images are on a disk, so that it is worth asking for them early."""
        return self.places is not None

    def pixels(self, chosen: Tensor | slice) -> Tensor:
        """Some of the images."""
        if self.places is None:
            return self.images[chosen]
        rows = self.images.permute(0, 2, 3, 1)  # as they lie in the file, so that one is one piece
        return rows.index_select(0, self.places[chosen]).permute(0, 3, 1, 2)

    def to(self, device: torch.device) -> Split:
        """The split on `device`; one that is mapped stays where it is."""
        if self.is_mapped:
            return self
        return Split(images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """A data set in its three splits, at one resolution. Those of videos are described in `videos.py`."""

    train: Split | Videos
    val: Split | ViewedVideos
    test: Split | ViewedVideos
    mean: Tensor
    """(C, 1, 1) float32, or (C, 1, 1, 1) of clips, of the training images, from 0 to 255"""
    deviation: Tensor
    """Likewise"""
    mix: Mix | None = None
    """Set where the training split has pseudo-labelled images too."""
    mask_classes: int = 0
    """Number of classes where the last channel of an image is its mask (`masks.apart`); 0 without masks."""
    unreadable: Mapping[int, str] = field(default_factory=dict)
    """Files that cannot be decoded and are in no split: name and reason, by their index in stored order."""

    def normalised(self, pixels: Tensor) -> Tensor:
        """uint8 to float32, so that over the training images each channel has mean 0 and deviation 1."""
        mean, deviation = (
            torch.empty_like(pixels[0], dtype=torch.float32).copy_(value)  # laid out as an image: faster
            for value in (self.mean, self.deviation)
        )
        return pixels.float().sub_(mean).div_(deviation)

    def to(self, device: torch.device, *, splits: bool = True) -> Images:
        """The same on `device`; without `splits` these stay where they are."""
        names = ["mean", "deviation", *(("train", "val", "test") if splits else ())]
        if self.mix and splits and isinstance(self.train, Split) and not self.train.is_mapped:
            names.append("mix")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})
