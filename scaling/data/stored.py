"""Stored images: a data set as it lies in its files, before any split. No torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

IGNORED = 255
"""Class of a pixel that has none: it is neither trained on nor counted (as in Pascal VOC)."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What planning must know of stored images."""

    fingerprint: str
    """64 hex digits of SHA-256 over all pixels, then all labels as little-endian int64; or `md5:` and the
    checksums of official archives, where the reader verifies by those."""
    num_images: int
    num_own_test: int
    """How many images, the last ones, the set itself declares as its test set; 0 if it has none."""
    num_classes: int
    channels: int
    side: int | None
    clips: bool = False
    """Whether they are videos rather than images."""
    num_frames: int | None = None
    """Frames of each video; None where videos differ, and for images."""
    masks: bool = False
    """Whether each pixel has a class, and `num_classes` are those of the pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """All images of a data set in their stored order, its own test images (if any) last."""

    images: NDArray[np.uint8]
    """(N, C, S, S); with masks (N, C + 1, S, S), of which the last channel is the class of each pixel"""
    labels: NDArray[np.int64]
    """(N,), counted from 0; all 0 with masks"""
    num_own_test: int = 0
    verified: str | None = None
    """The fingerprint, where the reader has verified the files themselves."""
    masks: bool = False

    @cached_property
    def facts(self) -> Facts:
        """Reads every pixel once, for the fingerprint, where it is not known."""
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
