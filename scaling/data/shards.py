"""Shards: tar files of images and their classes, in the format of WebDataset. No torch import.

A sample is an image and a text file with the number of its class, such as `0001.jpg` and `0001.cls`.
"""

from __future__ import annotations

import hashlib
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from scaling.data.cache import cache_dir, fetch_text
from scaling.data.folder import Folder
from scaling.data.piece import Piece
from scaling.errors import DataError

_IMAGES = ("jpg", "jpeg", "png")
_CLASS = "cls"
_PARTS = {"train": "train", "val": "val", "validation": "val", "test": "test"}
"""The split that a word in the name of a shard stands for."""
_NAMES = "name them such as train-0000.tar and val-0000.tar"


class Sample(NamedTuple):
    """An image of a shard; samples sort by class, then by name."""

    label: int
    name: str
    start: int
    """Byte offset of the image in the shard."""
    size: int


def shards_in(top: Path) -> list[Path]:
    """The shards in a directory, sorted; none if it has subdirectories, which are its classes then."""
    if not top.is_dir() or any(entry.is_dir() and entry.name[0] != "." for entry in top.iterdir()):
        return []
    return sorted(top.glob("*.tar"))


def scan(shards: Sequence[Path]) -> Folder:
    """The images of the shards of a directory, in an order that does not depend on how they are sharded.

    Shards with `train` in their names are for training; those with `val` or `test` hold the data set's own
    test images. If no name has such a word, all are for training. Raises DataError for inconsistent shards.
    """
    pool, own_test = _parts(shards)
    samples, test = _samples(pool), _samples(own_test)
    classes = _classes(samples, pool)
    if test and _classes(test, own_test) != classes:
        raise DataError(
            f"{pool[0]} and {own_test[0]}, with their other shards, must hold the same classes: they "
            f"have {len(classes)} and {len(_classes(test, own_test))}."
        )
    return Folder(
        top=shards[0].parent,
        names=[f"{shard.name}/{sample.name}" for sample, shard in samples + test],
        labels=[sample.label for sample, _ in samples + test],
        classes=classes,
        num_own_test=len(test),
        within=[Piece(shard, each.start, each.size, each.name) for each, shard in samples + test],
    )


def _parts(shards: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Shards for training, and shards of the data set's own test images."""
    parts = defaultdict(list)
    for shard in shards:
        said = {_PARTS[word] for word in re.split("[^a-z]+", shard.stem.lower()) if word in _PARTS}
        parts[said.pop() if len(said) == 1 else ""].append(shard)
    if set(parts) == {""}:
        return parts[""], []
    if "" in parts:
        raise DataError(f"{parts[''][0]} does not say whether it is for training or test: {_NAMES}.")
    if "train" not in parts:
        raise DataError(f"{shards[0].parent} has no shards for training: {_NAMES}.")
    if len(parts) > 2:
        raise DataError(
            f"{shards[0].parent} holds shards of both val and test: move those of val away, as data.num_val "
            f"images of train are held out for validation."
        )
    return parts.pop("train"), next(iter(parts.values()), [])


def _samples(shards: Sequence[Path]) -> list[tuple[Sample, Path]]:
    return sorted((sample, shard) for shard in shards for sample in _index(shard))


def _classes(samples: Sequence[tuple[Sample, Path]], shards: Sequence[Path]) -> list[str]:
    labels = sorted({sample.label for sample, _ in samples})
    if labels != list(range(len(labels))):
        absent = next(label for label in range(len(labels)) if label not in labels)
        raise DataError(
            f"The classes of {shards[0]} and its other shards go from {labels[0]} to {labels[-1]} "
            f"without {absent}: number them from 0 without a gap."
        )
    if len(labels) == 1:
        raise DataError(f"{shards[0]} and its other shards have one class: at least two are needed.")
    return [str(label) for label in labels]


def _index(shard: Path) -> list[Sample]:
    """The samples of a shard, cached until its size or modification time changes."""
    status = shard.stat()
    about = f"{shard.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    kept = cache_dir() / "shards" / f"{hashlib.sha256(about.encode()).hexdigest()[:32]}.json"
    return [Sample(*each) for each in json.loads(fetch_text(kept, lambda: json.dumps(_read(shard))))]


def _read(shard: Path) -> list[Sample]:
    try:
        with tarfile.open(shard, "r:") as tar:
            return list(_pair(shard, tar))
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{shard} is not a tar file, or is damaged or compressed: {error}.") from error


def _pair(shard: Path, tar: tarfile.TarFile) -> Iterator[Sample]:
    """The samples in the order of the shard."""
    images, classes = _members(shard, tar)
    if odd := sorted(images.keys() ^ classes.keys()):
        raise DataError(
            f"{shard} has no {'image' if odd[0] in classes else 'class'} for {odd[0]}: a sample is an image, "
            f"such as {odd[0]}.jpg, and the number of its class, {odd[0]}.cls."
        )
    if not images:
        raise DataError(
            f"{shard} holds no samples: each is an image ({', '.join(_IMAGES)}) and the number of its class "
            f"({_CLASS}), such as 0001.jpg and 0001.cls."
        )
    for key, image in images.items():
        yield Sample(_label(shard, tar, classes[key]), image.name, image.offset_data, image.size)


def _members(
    shard: Path, tar: tarfile.TarFile
) -> tuple[dict[str, tarfile.TarInfo], dict[str, tarfile.TarInfo]]:
    """Images and classes by their keys, the common part of their names; other members are ignored."""
    images: dict[str, tarfile.TarInfo] = {}
    classes: dict[str, tarfile.TarInfo] = {}
    by_ending = {**dict.fromkeys(_IMAGES, images), _CLASS: classes}
    for member in tar:
        key, ending = _split(member.name)
        found = by_ending.get(ending.lower())
        if found is None or not member.isreg():
            continue
        if key in found:
            raise DataError(f"{shard} has {found[key].name} and {member.name}: a sample has one of each.")
        found[key] = member
    return images, classes


def _split(name: str) -> tuple[str, str]:
    """A member's key and its ending, which begins at the first dot of the file's name."""
    folder, slash, file = name.rpartition("/")
    stem, _, ending = file.partition(".")
    return f"{folder}{slash}{stem}", ending


def _label(shard: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> int:
    file = tar.extractfile(member)
    text = file.read().strip() if file is not None else b""
    if not text.isdigit():
        shown = text[:20].decode(errors="replace")
        raise DataError(f"{member.name} of {shard} says {shown!r}: it should be the number of a class.")
    return int(text)
