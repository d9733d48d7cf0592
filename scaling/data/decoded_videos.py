"""Decoded videos: the files of a data set at one size and stride, kept on disk. No torch import."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.cores import num_cores
from scaling.data import directory_cache
from scaling.data.decode import Undecodable
from scaling.data.decode_video import decode_video
from scaling.data.folder import Folder
from scaling.data.workers import told, workers
from scaling.errors import DataError

log = logging.getLogger(__name__)

_PROCESS_FROM = 20
"""Number of videos that make one more process worth the second that it takes to start."""
_IN_A_DIRECTORY = 1000
"""Most files in one directory."""
_WEIGHED = 100
"""Number of decoded videos from which the disk space of all is estimated."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodedVideos:
    """Videos, labels and sums of a data set in stored order."""

    place: Path
    """The directory of the decoded files."""
    labels: NDArray[np.int64]
    """(N,)"""
    shapes: NDArray[np.int64]
    """(N, 3): frames, height and width; 0 where a file could not be decoded."""
    sums: NDArray[np.int64]
    """(N, 2, C): sums of the pixels of each channel, and of their squares."""
    num_own_test: int
    """Number of the data set's own test videos, which come last."""
    unreadable: Mapping[int, str]
    """File name and reason of each video that could not be decoded, by its index."""

    def frames(self, index: int) -> NDArray[np.uint8]:
        """The frames (T, H, W, C) of a video, memory-mapped from its file."""
        found: NDArray[np.uint8] = np.load(_file(self.place, index), mmap_mode="r")
        return found


def fetch(place: Path, side: int, stride: int, find: Callable[[], Folder]) -> DecodedVideos:
    """Every `stride`-th frame of the videos, with a shorter side of `side` pixels, at `place`; if missing or
    damaged, they are decoded from the files.

    One process decodes while others wait; if it is interrupted, the next one continues its work. Raises
    DataError if the disk is not writable, and as soon as an estimate says that it is too small.
    """
    return directory_cache.fetch(
        place, read=_read, make=lambda begun: _make(begun, side, stride, find()), goes_on=True
    )


def _file(place: Path, index: int) -> Path:
    return place / str(index // _IN_A_DIRECTORY) / f"{index}.npy"


def _read(place: Path) -> DecodedVideos:
    facts = json.loads((place / "facts.json").read_text())
    labels, shapes, sums = (np.load(place / f"{name}.npy") for name in ("labels", "shapes", "sums"))
    if not len(labels) == len(shapes) == len(sums) == facts["num_videos"]:
        raise ValueError("its labels are more or fewer than were written")
    return DecodedVideos(
        place=place,
        labels=labels,
        shapes=shapes,
        sums=sums,
        num_own_test=facts["num_own_test"],
        unreadable={int(index): why for index, why in facts["unreadable"].items()},
    )


def _make(begun: Path, side: int, stride: int, folder: Folder) -> None:
    num_videos = len(folder.names)
    shapes, sums = np.zeros((num_videos, 3), np.int64), np.zeros((num_videos, 2, 3), np.int64)
    unreadable: dict[str, str] = {}
    for index in range(0, num_videos, _IN_A_DIRECTORY):
        _file(begun, index).parent.mkdir(exist_ok=True)
    with workers(min(num_cores(), num_videos // _PROCESS_FROM)) as mapped:
        done = mapped(partial(_decode_to, side, stride, folder.top, begun), enumerate(folder.names))
        for index, video in enumerate(told(done, num_videos, f"{folder.top} to {side} pixels")):
            if isinstance(video, str):
                unreadable[str(index)] = video
            else:
                shapes[index], sums[index] = video
            if index + 1 == _WEIGHED:
                _check_room(begun, shapes[:_WEIGHED], num_videos)
    np.save(begun / "labels.npy", np.array(folder.labels, np.int64))
    np.save(begun / "shapes.npy", shapes)
    np.save(begun / "sums.npy", sums)
    facts = {"num_videos": num_videos, "num_own_test": folder.num_own_test, "unreadable": unreadable}
    (begun / "facts.json").write_text(json.dumps(facts, indent=1))


def _check_room(place: Path, shapes: NDArray[np.int64], num_videos: int) -> None:
    """Raise DataError if the disk is too small for all videos, assuming that these shapes are typical."""
    each_gb, free_gb = 3 * shapes.prod(axis=1).mean() / 1e9, shutil.disk_usage(place).free / 1e9
    num_left = sum(not _file(place, index).exists() for index in range(num_videos))
    if each_gb * num_left > free_gb:
        raise DataError(
            f"{num_videos} videos take about {each_gb * num_videos:.3g} GB, by the first {len(shapes)} of "
            f"them, and {place.parent} has {free_gb:.3g} GB free for the rest: free some, or set "
            "XDG_CACHE_HOME to a directory on a larger disk."
        )
    log.info("%d videos take about %.3g GB at %s", num_videos, each_gb * num_videos, place.parent)


def _decode_to(
    side: int, stride: int, top: Path, place: Path, video: tuple[int, str]
) -> tuple[tuple[int, ...], NDArray[np.int64]] | str:
    """Decode a video to its file, unless that exists; return its shape and sums, or why decoding failed."""
    index, name = video
    file = _file(place, index)
    if file.exists():
        frames = np.load(file)
        return frames.shape[:3], _sums(frames)
    try:
        frames = decode_video(top / name, side, stride)
    except Undecodable as error:
        return f"{top / name}: {error}"
    unfinished = file.with_suffix(".unfinished")
    with unfinished.open("wb") as written:
        np.save(written, frames)
        written.flush()
        os.fsync(written)
    unfinished.rename(file)
    return frames.shape[:3], _sums(frames)


def _sums(frames: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Sums of pixels and of their squares (2, C), from a histogram of each channel."""
    counts = np.array([np.bincount(frames[..., channel].ravel(), minlength=256) for channel in range(3)])
    light = np.arange(256)
    return np.stack([counts @ light, counts @ light**2])
