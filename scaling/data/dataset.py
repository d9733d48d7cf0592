"""A data set as part of a point's id: counts, shape, split and fingerprint. No torch import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set and its split, without the place of its files, which does not affect the outcome."""

    name: str
    fingerprint: str
    """SHA-256 over all pixels and labels in stored order, or for files as in `image_folder.py` and
    `imagenet.py`; the job verifies it before training."""
    num_classes: int
    channels: int
    side: int | None
    """Pixels along one side of a stored image, which is resized to a point's resolution. None for files of
    images of various sizes."""
    num_train: int
    """Number of training images used, without the held-out ones."""
    num_val: int
    """Number of images held out of the training set; every choice is made on these."""
    num_test: int
    """Number of test images, on which no choice is made."""
    split_seed: int
    """Seed that decides which images are held out."""
    mirror: bool
    """Whether a mirrored image keeps its class (true for photographs, false for digits)."""
    max_unreadable: float = 0.001
    """Share of the image files that may be damaged and left out of their splits."""
    shuffled_labels: bool = False
    """Whether the labels of each split are permuted: a control, in which nothing can be learned."""
    clips: bool = False
    """Whether an example is a clip of a video rather than an image."""
    temporal_stride: int = 1
    """Distance between the used frames of a video; 1 uses all."""
    num_frames: int | None = None
    """Used frames of each video; None for images, and where the lengths of videos differ."""
    masks: bool = False
    """Whether each pixel has a class of its own, which `num_classes` then counts."""

    @property
    def mask_classes(self) -> int:
        """Number of classes of the pixels; 0 if an image has a single class."""
        return self.num_classes if self.masks else 0

    @property
    def metric(self) -> Literal["top1", "miou"]:
        """The metric of the results: top-1 accuracy, or with masks mean intersection over union."""
        return "miou" if self.masks else "top1"
