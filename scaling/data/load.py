"""The images of a data set as tensors: split, and at the resolution of a point."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from scaling.data import fashion_mnist, mnist5k
from scaling.data.dataset import DataSet
from scaling.data.stored import Stored
from scaling.errors import DataError

_CHUNK = 4096
"""Images resized at once, which bounds the memory it takes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Images and labels; shared and cached, so never to be changed in place."""

    images: Tensor
    """(N, C, S, S) uint8"""
    labels: Tensor
    """(N,) int64"""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Split:
        """The split on `device`."""
        return Split(images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """A data set in its three splits, at one resolution."""

    train: Split
    val: Split
    test: Split
    mean: Tensor
    """(C, 1, 1) float32, of the training images, from 0 to 255"""
    deviation: Tensor
    """(C, 1, 1) float32, likewise"""

    def normalised(self, pixels: Tensor) -> Tensor:
        """uint8 to float32, of which each channel has mean 0 and deviation 1 over the training images."""
        return pixels.float().sub_(self.mean).div_(self.deviation)

    def to(self, device: torch.device) -> Images:
        """All of it on `device`."""
        return Images(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


@lru_cache(maxsize=4)
def load(data: DataSet, root: str | None, resolution: int) -> Images:
    """The images that `data` declares, of `resolution` pixels; the last few stay in memory.

    Resized once, with an antialiased bilinear filter. Raises DataError where they are absent, unreadable, or
    have another fingerprint than declared.
    """
    splits = {name: at_resolution(split, resolution) for name, split in _load(data, root).items()}
    mean, deviation = statistics(splits["train"].images)
    return Images(**splits, mean=mean, deviation=deviation)


def statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation, (C, 1, 1) float32, of each channel of (N, C, S, S) uint8; exact, from counts."""
    light = torch.arange(256, dtype=torch.float64)
    counts = [torch.bincount(channel.flatten(), minlength=256) for channel in images.transpose(0, 1)]
    shares = torch.stack(counts).double() / images[:, 0].numel()
    mean = shares @ light
    deviation = (shares @ light**2 - mean**2).clamp(min=1e-6).sqrt()
    return mean.float()[:, None, None], deviation.float()[:, None, None]


@lru_cache(maxsize=1)
def _load(data: DataSet, root: str | None) -> dict[str, Split]:
    """The splits as they are stored."""
    stored = _read(data, root)
    if stored.facts.fingerprint != data.fingerprint:
        raise DataError(
            f"The images of {data.name} are not the declared ones: their fingerprint is "
            f"{stored.facts.fingerprint}, the point was made for {data.fingerprint}."
        )
    train, val, test = split_indices(
        stored.facts.num_images,
        num_own_test=stored.num_own_test,
        num_test=data.num_test,
        num_val=data.num_val,
        split_seed=data.split_seed,
    )
    indices = {"train": train[: data.num_train], "val": val, "test": test}
    return {name: _take(stored, chosen) for name, chosen in indices.items()}


def split_indices(
    num_images: int, *, num_own_test: int, num_test: int, num_val: int, split_seed: int
) -> tuple[list[int], list[int], list[int]]:
    """Which stored images are for training, validation and test.

    The order is that of a hash, the same on every machine and with every version of a library. Test images
    come first in it, then validation, so that fewer training images leave both as they are.
    """
    num_pool = num_images - num_own_test
    shuffled = sorted(
        range(num_pool), key=lambda index: hashlib.sha256(f"{split_seed}/{index}".encode()).digest()
    )
    num_drawn = 0 if num_own_test else num_test
    test = shuffled[:num_drawn] or list(range(num_pool, num_images))
    return shuffled[num_drawn + num_val :], shuffled[num_drawn : num_drawn + num_val], test


def _read(data: DataSet, root: str | None) -> Stored:
    match data.name:
        case "mnist5k":
            return mnist5k.read()
        case "fashion_mnist":
            return fashion_mnist.read(root)
        case "image_folder" if root is not None and data.side is not None:
            from scaling.data import image_folder  # torchvision is slow to import

            return image_folder.read(root, data.side)
    raise DataError(f"The images of {data.name} cannot be read: data.root={root}.")


def _take(stored: Stored, indices: Sequence[int]) -> Split:
    chosen = np.array(indices, np.int64)
    return Split(
        images=torch.from_numpy(stored.images[chosen]), labels=torch.from_numpy(stored.labels[chosen])
    )


def at_resolution(split: Split, resolution: int) -> Split:
    """The split with its images resized, each by itself."""
    if split.images.shape[-1] == resolution:
        return split
    size = (resolution, resolution)
    chunks = [
        functional.interpolate(chunk.float(), size=size, mode="bilinear", antialias=True).round().byte()
        for chunk in torch.split(split.images, _CHUNK)
    ]
    return Split(images=torch.cat(chunks), labels=split.labels)
