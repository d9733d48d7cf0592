"""The images a point learns from, as its id knows them: counts, shape, split, fingerprint. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A data set and its split. Where the files lie is no part of this: it changes nothing in the outcome."""

    name: str
    fingerprint: str
    """SHA-256 over all pixels and labels in their stored order, or what `image_folder.py` and `imagenet.py`
    say of files; the job verifies it before it trains."""
    num_classes: int
    channels: int
    side: int | None
    """Pixels along one side of a stored image; a point resizes from there to its resolution. None where
    images are stored as they are, of many sizes."""
    num_train: int
    """Training images that are used, held-out images not among them."""
    num_val: int
    """Images held out of the training set; every choice is made on these."""
    num_test: int
    """Images that no choice looks at."""
    split_seed: int
    """Draws the held-out images."""
    mirror: bool
    """Whether a mirrored image keeps its class (true for photographs, false for digits)."""
    max_unreadable: float = 0.001
    """Share of the image files that may be damaged and are left out of their splits."""
    shuffled_labels: bool = False
    """Whether the labels of each split are dealt out anew, so that nothing can be learned: a study's null."""
    clips: bool = False
    """Whether an example is a clip of frames rather than an image."""
    temporal_stride: int = 1
    """Every so many-th frame of a video is used."""
    num_frames: int | None = None
    """Frames of each video, of those that are used; None where videos differ, and for images."""
    masks: bool = False
    """Whether each pixel has a class of its own, and `num_classes` are those of the pixels."""

    @property
    def mask_classes(self) -> int:
        """Classes of the pixels; 0 where images have one."""
        return self.num_classes if self.masks else 0

    @property
    def metric(self) -> Literal["top1", "miou"]:
        """What results are compared by: top-1 accuracy, or of pixels mean intersection over union."""
        return "miou" if self.masks else "top1"
