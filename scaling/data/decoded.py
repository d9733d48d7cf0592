"""Decoded images: a set of files at one resolution, kept on disk and mapped into memory. No torch."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data.decoding import decode_all
from scaling.data.folder import Folder
from scaling.errors import DataError
from scaling.study.files import locked

log = logging.getLogger(__name__)

CHANNELS = 3

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError)


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """Images, labels and sums of a set in stored order."""

    place: Path
    """The directory of its files."""
    pixels: NDArray[np.uint8]
    """(N, S, S, C), mapped; black where a file could not be decoded."""
    labels: NDArray[np.int64]
    """(N,)"""
    sums: NDArray[np.int64]
    """(N, 2, C): of the pixels of each channel, and of their squares."""
    num_own_test: int
    """How many images, the last ones, are the set's own test images."""
    unreadable: Mapping[int, str]
    """Which images could not be decoded, and the file's name with the reason."""
    num_in_set: int
    """Images of the set, of which these may be a part."""


def size_gb(num_images: int, side: int) -> float:
    """What so many decoded images take on disk."""
    return num_images * CHANNELS * side**2 / 1e9


def fetch(place: Path, side: int, find: Callable[[], Folder]) -> Decoded:
    """The images of `side` pixels at `place`; where there are none, or damaged ones, decoded from the files.

    One process decodes, others wait for it. What an interrupted one has left is removed by the next.
    DataError where the disk has no room, or takes no files.
    """
    decoded = _read(place, side)
    if decoded is not None:
        return decoded
    log.info("%s is not there yet: one process decodes it, others wait", place)
    with _written(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.with_name(f".{place.name}.lock")):
        decoded = _read(place, side)
        if decoded is None:
            _make(place, side, find())
            decoded = _read(place, side)
    if decoded is None:
        raise DataError(f"{place} was damaged as soon as it was written: is its disk sound?")
    return decoded


def _read(place: Path, side: int) -> Decoded | None:
    if not place.exists():
        return None
    try:
        facts = json.loads((place / "facts.json").read_text())
        shape = (facts["num_images"], side, side, CHANNELS)
        if (place / "pixels").stat().st_size != np.prod(shape):
            raise ValueError("its pixels are more or fewer than were written")
        labels, sums = np.load(place / "labels.npy"), np.load(place / "sums.npy")
        if len(labels) != len(sums) or len(labels) != facts["num_images"]:
            raise ValueError("its labels are more or fewer than were written")
        return Decoded(
            place=place,
            pixels=np.memmap(place / "pixels", np.uint8, mode="r", shape=shape),
            labels=labels,
            sums=sums,
            num_own_test=facts["num_own_test"],
            unreadable={int(index): why for index, why in facts["unreadable"].items()},
            num_in_set=facts["num_in_set"],
        )
    except _UNREADABLE as error:
        log.warning("%s is damaged and is made again: %s", place, error)
        return None


def _make(place: Path, side: int, folder: Folder) -> None:
    """Written aside and moved, under the lock."""
    for left in place.parent.glob(f".{place.name}.*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    if place.exists():
        shutil.rmtree(place)
    _check_room(place, side, len(folder.names))
    with _written(place), _aside(place) as aside:
        sums, unreadable = decode_all(folder, side, aside / "pixels")
        np.save(aside / "labels.npy", np.array(folder.labels, np.int64))
        np.save(aside / "sums.npy", sums)
        facts = {
            "num_images": len(folder.names),
            "num_own_test": folder.num_own_test,
            "num_in_set": folder.part_of or len(folder.names),
            "unreadable": {str(index): why for index, why in sorted(unreadable.items())},
        }
        (aside / "facts.json").write_text(json.dumps(facts, indent=1))
        aside.rename(place)


@contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """A directory beside `place`, which is removed unless it is moved there."""
    aside = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent))
    aside.chmod(0o755)  # others may share the cache
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _written(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{place} cannot be written: {error.strerror}; mend that, or set XDG_CACHE_HOME to another place."
        ) from error


def _check_room(place: Path, side: int, num_images: int) -> None:
    needed_gb, free_gb = size_gb(num_images, side), shutil.disk_usage(place.parent).free / 1e9
    if needed_gb > free_gb:
        raise DataError(
            f"{num_images} images of {side} pixels take {needed_gb:.3g} GB, and {place.parent} has "
            f"{free_gb:.3g} GB free: free some, or set XDG_CACHE_HOME to a directory on a larger disk."
        )
    log.info("decoding %d images to %d pixels: %.3g GB at %s", num_images, side, needed_gb, place)
