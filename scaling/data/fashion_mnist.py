"""fashion_mnist: 70,000 photographs of clothes (Xiao et al. 2017, arXiv 1708.07747), found or downloaded."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data.places import Wanted, find
from scaling.data.stored import Facts, Stored
from scaling.errors import DataError

FACTS = Facts(
    fingerprint="75979490032625d6583ff7101de6f9243d07d0a8d33d3c9b3b7e79b4c59382af",
    num_images=70_000,
    num_own_test=10_000,
    num_classes=10,
    channels=1,
    side=28,
)

SYSTEM_DIRS = (Path("/usr/share/datasets/fashion-mnist"),)
"""Directory of the files in Debian's package `dataset-fashion-mnist`."""

_WANTED = Wanted(
    name="fashion_mnist",
    folder=Path("FashionMNIST/raw"),
    files=(
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
    ),
    way="install Debian's package dataset-fashion-mnist",
)


def read(root: str | None, system_dirs: Sequence[Path] = SYSTEM_DIRS) -> Stored:
    """The data set from `root`, or `system_dirs`, or downloaded once; DataError if all fail."""
    return _parse(find(_WANTED, root, _download, system_dirs))


def _parse(folder: Path) -> Stored:
    train, train_labels, test, test_labels = (_read_idx(folder / name) for name in _WANTED.files)
    return Stored(
        images=np.concatenate([train, test])[:, np.newaxis],
        labels=np.concatenate([train_labels, test_labels]).astype(np.int64),
        num_own_test=len(test),
    )


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an idx file: 2 zero bytes, element type (8 is uint8), rank, sizes as big-endian int32, values."""
    try:
        content = gzip.decompress(path.read_bytes())
        if content[:3] != b"\0\0\x08":
            raise ValueError("it is not an idx file of bytes")
        sizes = np.frombuffer(content, ">i4", count=content[3], offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


def _download(directory: Path) -> None:
    from torchvision.datasets import FashionMNIST

    FashionMNIST(directory, download=True)
