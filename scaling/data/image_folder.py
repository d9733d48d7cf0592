"""image_folder: any directory with one folder of images a class, read once and cached."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torchvision.datasets import ImageFolder
from torchvision.transforms.functional import center_crop, resize

from scaling.data.cache import cache_dir, fetch, fetch_facts
from scaling.data.stored import Facts, Stored
from scaling.errors import DataError

log = logging.getLogger(__name__)

_Sample: TypeAlias = tuple[str, int]


def read(root: str, side: int) -> Stored:
    """All images under `root` as RGB squares of `side` pixels; DataError names what stands in the way.

    `root` holds `train/<class>/*` and maybe `test/<class>/*`, or simply `<class>/*`.
    """
    pool, test = _samples(root)
    return fetch(_cache_path(root, side, pool + test), lambda: _decode(pool, test, side))


def read_facts(root: str, side: int) -> Facts:
    """The facts of `read(root, side)`, which decodes the images only the first time."""
    pool, test = _samples(root)
    return fetch_facts(_cache_path(root, side, pool + test), lambda: _decode(pool, test, side))


def _samples(root: str) -> tuple[list[_Sample], list[_Sample]]:
    """Files and labels of the training pool and of the set's own test images, each in stored order."""
    top = Path(root).expanduser()
    if not top.is_dir():
        raise DataError(f"data.root={root} is not a directory.")
    if not (top / "train").is_dir():
        return _scan(top)[0], []
    pool, classes = _scan(top / "train")
    if not (top / "test").is_dir():
        return pool, []
    test, test_classes = _scan(top / "test")
    if test_classes != classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise DataError(
            f"{top}/train and {top}/test must hold the same classes: only one has {', '.join(odd)}."
        )
    return pool, test


def _scan(folder: Path) -> tuple[list[_Sample], list[str]]:
    try:
        found = ImageFolder(folder, allow_empty=True)
    except FileNotFoundError:
        raise DataError(f"{folder} holds no classes: it needs one directory of images for each.") from None
    if len(found.classes) == 1:
        raise DataError(f"{folder} holds one class, {found.classes[0]}: at least two are needed.")
    counts = Counter(found.targets)
    empty = [name for name, label in found.class_to_idx.items() if not counts[label]]
    if empty:
        raise DataError(f"{folder} has no images in {', '.join(empty)}.")
    return found.samples, found.classes


def _cache_path(root: str, side: int, samples: list[_Sample]) -> Path:
    """A file's name, size and time stand for its content, so that a changed folder is read again."""
    digest = hashlib.sha256(f"{Path(root).expanduser().resolve()}\0{side}".encode())
    for name, label in samples:
        status = Path(name).stat()
        digest.update(f"\0{name}\0{label}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return cache_dir() / "image_folder" / f"{digest.hexdigest()[:32]}.npz"


def _decode(pool: list[_Sample], test: list[_Sample], side: int) -> Stored:
    samples = pool + test
    log.info("reading %d images at %d pixels, once", len(samples), side)
    images = np.empty((len(samples), 3, side, side), np.uint8)
    for index, (name, _) in enumerate(samples):
        images[index] = _decode_image(name, side)
    labels = np.array([label for _, label in samples], np.int64)
    return Stored(images=images, labels=labels, num_own_test=len(test))


def _decode_image(name: str, side: int) -> NDArray[np.uint8]:
    try:
        with Image.open(name) as image:
            square = center_crop(resize(image.convert("RGB"), side, antialias=True), side)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{name} cannot be read as an image: {error}.") from error
    return np.asarray(square, np.uint8).transpose(2, 0, 1)
