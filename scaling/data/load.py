"""Loading: reads, verifies, splits and resizes the images that a data set declares."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from scaling.data import cifar, fashion_mnist, image_files, masks, mnist5k, scenes
from scaling.data.dataset import DataSet
from scaling.data.decoded_images import Decoded
from scaling.data.folder import Folder
from scaling.data.image_files import check_fingerprint
from scaling.data.images import Images, Split
from scaling.data.splits import labels_of, readable, split_of
from scaling.data.stored import Stored
from scaling.errors import DataError

_PIXELS = 4096 * 32**2
"""Number of pixels, before or after resizing, of the images resized at a time, to limit memory."""


@lru_cache(maxsize=4)
def load(data: DataSet, root: str | None, resolution: int) -> Images:
    """The images that `data` declares, at `resolution` pixels; the last four results are cached.

    They are resized once, by an antialiased bilinear filter. Raises DataError if they are missing, unreadable
    or have another fingerprint than declared.
    """
    if data.name in image_files.FIND:
        return images_of(data, image_files.read(data, root, resolution))
    train, val, test = (at_resolution(split, resolution, data.masks) for split in _load(data, root))
    mean, deviation = statistics(train.images[:, : data.channels])
    return Images(
        train=train, val=val, test=test, mean=mean, deviation=deviation, mask_classes=data.mask_classes
    )


def held_out(data: DataSet, root: str | None, resolution: int) -> tuple[Split, Split]:
    """The validation and test images only, as in `load`; they are not cached."""
    if data.name in image_files.FIND:
        return _held_out_of_files(data, root, resolution)
    _, val, test = _load(data, root)
    return at_resolution(val, resolution, data.masks), at_resolution(test, resolution, data.masks)


def statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation, (C, 1, 1) float32, of each channel of images (N, C, S, S) uint8; exact,
    from histograms."""
    light = torch.arange(256, dtype=torch.float64)
    counts = [torch.bincount(channel.flatten(), minlength=256) for channel in images.transpose(0, 1)]
    shares = torch.stack(counts).double() / images[:, 0].numel()
    mean = shares @ light
    deviation = (shares @ light**2 - mean**2).clamp(min=1e-6).sqrt()
    return mean.float()[:, None, None], deviation.float()[:, None, None]


def images_of(data: DataSet, decoded: Decoded) -> Images:
    """The splits that `data` declares of decoded files, without the files that could not be decoded."""
    train, val, test = readable(data, len(decoded.labels), decoded.num_own_test, decoded.unreadable)
    mean, deviation = statistics_of_sums(decoded.sums[train], len(train) * decoded.pixels[0, :, :, 0].size)
    return Images(
        train=_mapped(data, decoded, train),
        val=_mapped(data, decoded, val),
        test=_mapped(data, decoded, test),
        mean=mean,
        deviation=deviation,
        mask_classes=data.mask_classes,
        unreadable=decoded.unreadable,
    )


def _held_out_of_files(data: DataSet, root: str | None, resolution: int) -> tuple[Split, Split]:
    """Validation and test images, decoded without the training images unless those are decoded already."""
    if image_files.place_of(data, resolution).exists():
        whole = image_files.read(data, root, resolution)
        _, val, test = readable(data, len(whole.labels), whole.num_own_test, whole.unreadable)
        return _mapped(data, whole, val), _mapped(data, whole, test)

    def choose(folder: Folder) -> list[int]:
        _, val, test = split_of(data, len(folder.names), folder.num_own_test)
        return val + test

    decoded = image_files.read(data, root, resolution, choose=choose)
    left = [index for index in range(len(decoded.labels)) if index not in decoded.unreadable]
    num_val = sum(index < data.num_val for index in left)
    return _mapped(data, decoded, left[:num_val]), _mapped(data, decoded, left[num_val:])


def _mapped(data: DataSet, decoded: Decoded, places: list[int]) -> Split:
    labels = labels_of(data, torch.from_numpy(decoded.labels[places]))
    return Split(images=mapped_pixels(decoded), labels=labels, places=torch.tensor(places))


def mapped_pixels(decoded: Decoded) -> Tensor:
    """All images (N, C, S, S) uint8, memory-mapped."""
    with warnings.catch_warnings(action="ignore"):  # torch warns of read-only arrays; nothing writes to this
        return torch.from_numpy(decoded.pixels).permute(0, 3, 1, 2)


def statistics_of_sums(sums: NDArray[np.int64], num_pixels: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation, (C, 1, 1) float32, from the sums (N, 2, C) of each example's pixels and
    their squares; all examples have `num_pixels` per channel in total."""
    mean, square = torch.from_numpy(sums.sum(0) / num_pixels)
    deviation = (square - mean**2).clamp(min=1e-6).sqrt()
    return mean.float()[:, None, None], deviation.float()[:, None, None]


@lru_cache(maxsize=1)
def _load(data: DataSet, root: str | None) -> list[Split]:
    """The training, validation and test images at their stored size."""
    stored = _read(data, root)
    check_fingerprint(data, stored.facts.fingerprint)
    train, val, test = split_of(data, stored.facts.num_images, stored.num_own_test)
    splits = [_take(stored, chosen) for chosen in (train[: data.num_train], val, test)]
    if data.masks:
        order = [labels_of(data, torch.arange(len(split))) for split in splits]
        return [
            replace(split, images=masks.dealt(split.images, dealt))
            for split, dealt in zip(splits, order, strict=True)
        ]
    return [replace(split, labels=labels_of(data, split.labels)) for split in splits]


def _read(data: DataSet, root: str | None) -> Stored:
    match data.name:
        case "mnist5k":
            return mnist5k.read()
        case "fashion_mnist":
            return fashion_mnist.read(root)
        case "scenes_of_mnist5k" | "scenes_of_fashion_mnist":
            return scenes.read(data.name, root)
        case "cifar10":
            return cifar.read(cifar.CIFAR10, root)
        case "cifar100":
            return cifar.read(cifar.CIFAR100, root)
    raise DataError(f"The images of {data.name} cannot be read: data.root={root}.")


def _take(stored: Stored, indices: Sequence[int]) -> Split:
    chosen = np.array(indices, np.int64)
    return Split(
        images=torch.from_numpy(stored.images[chosen]), labels=torch.from_numpy(stored.labels[chosen])
    )


def at_resolution(split: Split, resolution: int, with_masks: bool = False) -> Split:
    """The split with its images, and their masks if there are any, resized to `resolution` pixels."""
    interpolated = masks.interpolated if with_masks else _interpolated
    return Split(images=resized(split.images, resolution, interpolated), labels=split.labels)


def _interpolated(images: Tensor, side: int) -> Tensor:
    return functional.interpolate(images.float(), size=(side, side), mode="bilinear", antialias=True)


def resized(
    images: Tensor, side: int, interpolated: Callable[[Tensor, int], Tensor] = _interpolated
) -> Tensor:
    """Images (N, C, S, S) uint8, resized to `side` pixels along one side, a few at a time, by `interpolated`,
    which returns their new pixels before rounding."""
    if images.shape[-1] == side:
        return images
    at_once = max(1, _PIXELS // max(side, images.shape[-1]) ** 2)
    whole = images.new_empty((*images.shape[:-2], side, side))
    for part, chunk in zip(torch.split(whole, at_once), torch.split(images, at_once), strict=True):
        part.copy_(interpolated(chunk, side).round_())
    return whole
