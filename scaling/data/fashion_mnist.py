"""fashion_mnist: 70,000 photographs of clothes (Xiao et al. 2017, arXiv 1708.07747), found or downloaded."""

from __future__ import annotations

import gzip
import logging
import shutil
import socket
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data.cache import cache_dir
from scaling.data.stored import Facts, Stored
from scaling.errors import DataError

log = logging.getLogger(__name__)

FACTS = Facts(
    fingerprint="75979490032625d6583ff7101de6f9243d07d0a8d33d3c9b3b7e79b4c59382af",
    num_images=70_000,
    num_own_test=10_000,
    num_classes=10,
    channels=1,
    side=28,
)

SYSTEM_DIRS = (Path("/usr/share/datasets/fashion-mnist"),)
"""Where Debian's package `dataset-fashion-mnist` puts the files."""

_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
_RAW = Path("FashionMNIST/raw")
_TIMEOUT_S = 30.0


def read(root: str | None, system_dirs: Sequence[Path] = SYSTEM_DIRS) -> Stored:
    """From `root`, else from `system_dirs`, else downloaded once; DataError if it cannot be had."""
    downloaded = cache_dir() / _RAW
    places = [*([Path(root).expanduser()] if root else []), *system_dirs, downloaded]
    for place in places:
        for folder in (place, place / _RAW):
            if all(_file(folder, name).exists() for name in _FILES):
                return _parse(folder)
    try:
        _download(downloaded)
    except Exception as error:  # whatever stops a download, the person needs the same three ways
        raise DataError(
            f"fashion_mnist is in none of {', '.join(map(str, places))}: give its directory as data.root, "
            f"install Debian's package dataset-fashion-mnist, or let torchvision download it, which failed "
            f"here ({' '.join(str(error).split())})."
        ) from error
    return _parse(downloaded)


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}-ubyte.gz"


def _parse(folder: Path) -> Stored:
    train, train_labels, test, test_labels = (_read_idx(_file(folder, name)) for name in _FILES)
    return Stored(
        images=np.concatenate([train, test])[:, np.newaxis],
        labels=np.concatenate([train_labels, test_labels]).astype(np.int64),
        num_own_test=len(test),
    )


def _read_idx(path: Path) -> NDArray[np.uint8]:
    """An idx file: 2 zero bytes, the element type (8 is uint8), the rank, the sizes as big-endian int32."""
    try:
        content = gzip.decompress(path.read_bytes())
        if content[:3] != b"\0\0\x08":
            raise ValueError("it is not an idx file of bytes")
        sizes = np.frombuffer(content, ">i4", count=content[3], offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * len(sizes)).reshape(sizes)
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


def _download(target: Path) -> None:
    """Downloaded aside and moved, so that several processes may do it at once."""
    from torchvision.datasets import FashionMNIST

    log.info("downloading fashion_mnist to %s", target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        with _socket_timeout(_TIMEOUT_S):
            FashionMNIST(aside, download=True)
        if not target.exists():
            (aside / _RAW).rename(target)
    finally:
        shutil.rmtree(aside)


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """torchvision sets none, and a firewall that drops packets would hang the job."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
