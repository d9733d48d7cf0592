"""Stored images: a data set in the order of its files, before any split. No torch import."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

IGNORED = 255
"""Class of pixels without a class, which are ignored in training and evaluation (as in Pascal VOC)."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts about stored images that are needed for planning."""

    fingerprint: str
    """64 hex digits of SHA-256 over all pixels, then all labels as little-endian int64; or the checksums of
    official archives, such as `md5:...`, if the reader verifies those."""
    num_images: int
    num_own_test: int
    """Number of images of the data set's own test set, which come last; 0 if it has none."""
    num_classes: int
    channels: int
    side: int | None
    """Pixels along one side; None for files of images of various sizes."""
    clips: bool = False
    """Whether the examples are videos rather than images."""
    num_frames: int | None = None
    """Frames of each video; None for images, and where the lengths of videos differ."""
    masks: bool = False
    """Whether each pixel has a class, which `num_classes` then counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """All images of a data set in stored order, with its own test images, if any, last."""

    images: NDArray[np.uint8]
    """(N, C, S, S); with masks (N, C + 1, S, S), where the last channel is the class of each pixel."""
    labels: NDArray[np.int64]
    """(N,), counted from 0; all 0 with masks."""
    num_own_test: int = 0
    verified: str | None = None
    """The fingerprint, if the reader has verified the files; None if it must be computed."""
    masks: bool = False

    @cached_property
    def facts(self) -> Facts:
        """The facts about these images; reads every pixel once unless the fingerprint is known."""
        num_images, channels, side, _ = self.images.shape
        return Facts(
            fingerprint=self.verified or self._digest(),
            num_images=num_images,
            num_own_test=self.num_own_test,
            num_classes=self._num_classes(),
            channels=channels - self.masks,
            side=side,
            masks=self.masks,
        )

    def _num_classes(self) -> int:
        if not self.masks:
            return int(self.labels.max()) + 1
        classes = self.images[:, -1]
        return int(classes[classes != IGNORED].max()) + 1

    def _digest(self) -> str:
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()
