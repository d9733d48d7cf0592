"""Splits: which stored examples are for training, validation and test, and with whose labels."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from torch import Tensor

from scaling.data.dataset import DataSet


def readable(
    data: DataSet, num_examples: int, num_own_test: int, unreadable: Collection[int]
) -> tuple[list[int], list[int], list[int]]:
    """Which stored examples are for training, validation and test, without those that are `unreadable`.

    An epoch has the steps that were declared: others of the training part stand in for those left out.
    """
    splits = split_of(data, num_examples, num_own_test)
    train, val, test = ([index for index in split if index not in unreadable] for split in splits)
    return (train * 2)[: data.num_train], val, test


def split_of(data: DataSet, num_images: int, num_own_test: int) -> tuple[list[int], list[int], list[int]]:
    """`split_indices` as `data` has it."""
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
    """Which stored images are for training, validation and test.

    The order is that of a hash, the same on every machine and with every version of a library. Test images
    come first in it, then validation, so that fewer training images leave both as they are.
    """
    num_pool = num_images - num_own_test
    shuffled = sorted(range(num_pool), key=lambda index: _hash(f"{split_seed}/{index}"))
    num_drawn = 0 if num_own_test else num_test
    test = shuffled[:num_drawn] or list(range(num_pool, num_images))
    return shuffled[num_drawn + num_val :], shuffled[num_drawn : num_drawn + num_val], test


def labels_of(data: DataSet, labels: Tensor) -> Tensor:
    """The labels of a split, (N,) int64, shuffled by a hash where `data` says so."""
    if not data.shuffled_labels:
        return labels
    dealt = sorted(range(len(labels)), key=lambda index: _hash(f"labels/{data.split_seed}/{index}"))
    return labels[dealt]


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
