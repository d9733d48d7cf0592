"""The images of a data set as tensors in memory: split, and at the resolution of a point."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
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
    """(N, C, S, S)"""
    labels: Tensor
    """(N,) int64"""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Split:
        """The split on `device`."""
        return Split(images=self.images.to(device), labels=self.labels.to(device))


@dataclass(frozen=True, kw_only=True, eq=False)
class Images:
    """A data set in its three splits: uint8 as it is stored, or float32 at the resolution of a point."""

    train: Split
    val: Split
    test: Split

    def to(self, device: torch.device) -> Images:
        """All splits on `device`."""
        return Images(train=self.train.to(device), val=self.val.to(device), test=self.test.to(device))


@lru_cache(maxsize=1)
def load(data: DataSet, root: str | None) -> Images:
    """The images that `data` declares, as uint8; the last ones stay in memory for the next point.

    Raises DataError where they are absent, unreadable, or have another fingerprint than declared.
    """
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
    return Images(
        train=_take(stored, train[: data.num_train]), val=_take(stored, val), test=_take(stored, test)
    )


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


@lru_cache(maxsize=4)
def at_resolution(images: Images, resolution: int) -> Images:
    """Float32 images of `resolution` pixels, each channel with mean 0 and deviation 1 over the training set.

    Resized once, with an antialiased bilinear filter; the last few resolutions stay in memory.
    """
    train = _resize(images.train.images, resolution)
    deviation, mean = torch.std_mean(train, dim=(0, 2, 3), keepdim=True)
    deviation.clamp_(min=1e-6)

    def normalise(split: Split) -> Split:
        resized = train if split is images.train else _resize(split.images, resolution)
        return Split(images=(resized - mean) / deviation, labels=split.labels)

    return Images(train=normalise(images.train), val=normalise(images.val), test=normalise(images.test))


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


def _resize(images: Tensor, resolution: int) -> Tensor:
    """(N, C, S, S) uint8 to (N, C, resolution, resolution) float32 from 0 to 1."""
    if images.shape[-1] == resolution:
        return images.float() / 255
    chunks = [
        functional.interpolate(chunk.float(), size=(resolution, resolution), mode="bilinear", antialias=True)
        for chunk in torch.split(images, _CHUNK)
    ]
    return torch.cat(chunks) / 255
