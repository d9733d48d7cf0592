"""Decoded images: the files of a data set at one resolution, on disk and memory-mapped. No torch import."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.data import directory_cache
from scaling.data.decode_folder import decode_all
from scaling.data.folder import Folder
from scaling.errors import DataError

log = logging.getLogger(__name__)

CHANNELS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """Images, labels and sums of a data set in stored order."""

    place: Path
    """The directory of the decoded files."""
    pixels: NDArray[np.uint8]
    """(N, S, S, C), memory-mapped; black where a file could not be decoded. With masks, the last channel is
    the class of each pixel."""
    labels: NDArray[np.int64]
    """(N,)"""
    sums: NDArray[np.int64]
    """(N, 2, C): sums of the pixels of each channel, and of their squares."""
    num_own_test: int
    """Number of the data set's own test images, which come last."""
    unreadable: Mapping[int, str]
    """File name and reason of each image that could not be decoded, by its index."""
    num_in_set: int
    """Number of images of the whole data set, of which these may be a part."""


def size_gb(num_images: int, side: int, *, masks: bool = False) -> float:
    """Disk space of `num_images` decoded images, in 1e9 bytes."""
    return num_images * (CHANNELS + masks) * side**2 / 1e9


def fetch(place: Path, side: int, find: Callable[[], Folder]) -> Decoded:
    """The images of `side` pixels at `place`; if missing or damaged, they are decoded from the files.

    One process decodes while others wait. The remains of an interrupted process are removed by the next.
    Raises DataError if the disk is too small or not writable.
    """
    return directory_cache.fetch(
        place, lambda place: _read(place, side), lambda aside: _make(aside, place, side, find())
    )


def _read(place: Path, side: int) -> Decoded:
    facts = json.loads((place / "facts.json").read_text())
    shape = (facts["num_images"], side, side, facts.get("channels", CHANNELS))
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


def _make(aside: Path, place: Path, side: int, folder: Folder) -> None:
    _check_room(place, side, len(folder.names), bool(folder.masks))
    sums, unreadable = decode_all(folder, side, aside / "pixels")
    np.save(aside / "labels.npy", np.array(folder.labels, np.int64))
    np.save(aside / "sums.npy", sums)
    facts = {
        "num_images": len(folder.names),
        "num_own_test": folder.num_own_test,
        "channels": CHANNELS + bool(folder.masks),
        "num_in_set": folder.part_of or len(folder.names),
        "unreadable": {str(index): why for index, why in sorted(unreadable.items())},
    }
    (aside / "facts.json").write_text(json.dumps(facts, indent=1))


def _check_room(place: Path, side: int, num_images: int, masks: bool) -> None:
    needed_gb, free_gb = size_gb(num_images, side, masks=masks), shutil.disk_usage(place.parent).free / 1e9
    if needed_gb > free_gb:
        raise DataError(
            f"{num_images} images of {side} pixels take {needed_gb:.3g} GB, and {place.parent} has "
            f"{free_gb:.3g} GB free: free some, or set XDG_CACHE_HOME to a directory on a larger disk."
        )
    log.info("decoding %d images to %d pixels: %.3g GB at %s", num_images, side, needed_gb, place)
