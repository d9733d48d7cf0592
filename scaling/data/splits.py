"""Splits: which stored examples are for training, validation and test, and with which labels."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from torch import Tensor

from scaling.data.dataset import DataSet


def readable(
    data: DataSet, num_examples: int, num_own_test: int, unreadable: Collection[int]
) -> tuple[list[int], list[int], list[int]]:
    """Indices of the stored examples for training, validation and test, without the `unreadable` ones.

    Other training examples replace the unreadable ones, so that an epoch keeps its declared number of steps.
    """
    splits = split_of(data, num_examples, num_own_test)
    train, val, test = ([index for index in split if index not in unreadable] for split in splits)
    return (train * 2)[: data.num_train], val, test


def split_of(data: DataSet, num_images: int, num_own_test: int) -> tuple[list[int], list[int], list[int]]:
    """`split_indices` with the settings of `data`."""
    return split_indices(
        num_images,
        num_own_test=num_own_test,
        num_test=data.num_test,
        num_val=data.num_val,
        split_seed=data.split_seed,
    )


def split_indices(
    num_images: int, *, num_own_test: int, num_test: int, num_val: int, split_seed: int
) -> tuple[list[int], list[int], list[int]]:
    """Indices of the stored images for training, validation and test.

    They are taken in the order of a hash, which is the same on every machine and for all versions of
    libraries: test images first, then validation images, so that both do not depend on the number of training
    images.
    """
    num_pool = num_images - num_own_test
    shuffled = sorted(range(num_pool), key=lambda index: _hash(f"{split_seed}/{index}"))
    num_drawn = 0 if num_own_test else num_test
    test = shuffled[:num_drawn] or list(range(num_pool, num_images))
    return shuffled[num_drawn + num_val :], shuffled[num_drawn : num_drawn + num_val], test


def labels_of(data: DataSet, labels: Tensor) -> Tensor:
    """The labels of a split, (N,) int64, permuted by a hash if `data.shuffled_labels`."""
    if not data.shuffled_labels:
        return labels
    dealt = sorted(range(len(labels)), key=lambda index: _hash(f"labels/{data.split_seed}/{index}"))
    return labels[dealt]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
