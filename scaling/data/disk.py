"""Disk: what the decoded images of points take there before any of them trains. No torch."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scaling.data.cache import cache_dir
from scaling.data.dataset import DataSet
from scaling.data.decoded import size_gb
from scaling.data.imagenet import FACTS
from scaling.data.of_files import FIND, place_of, place_of_held_out
from scaling.study.point import Point


@dataclass(frozen=True, kw_only=True)
class Disk:
    """Of the sets of image files; sizes are in 1e9 bytes."""

    place: Path
    """The directory of all decoded images."""
    sides: tuple[int, ...]
    """Resolutions in pixels at which images are decoded yet."""
    needed_gb: float
    """What these images will take."""
    free_gb: float
    """What this machine has free there."""


def to_decode(points: Iterable[Point]) -> Disk | None:
    """What is decoded for the first time to train these points; None where nothing is.

    Whole sets at the resolutions of training, the held-out and the test images alone at those of
    `evaluate_at` at which nothing trains.
    """
    of_files = [point for point in points if point.data.name in FIND]
    trained = {(point.data, point.resolution) for point in of_files}
    evaluated = {(point.data, side) for point in of_files for side in point.evaluate_at} - trained
    places = {place_of_held_out(data, side): (side, data.num_val + data.num_test) for data, side in evaluated}
    places |= {place_of(data, side): (side, _num_images(data)) for data, side in trained}
    absent = [each for place, each in places.items() if not place.exists()]
    if not absent:
        return None
    return Disk(
        place=cache_dir(),
        sides=tuple(sorted({side for side, _ in absent})),
        needed_gb=sum(size_gb(num_images, side) for side, num_images in absent),
        free_gb=shutil.disk_usage(_that_is_there(cache_dir())).free / 1e9,
    )


def _num_images(data: DataSet) -> int:
    """Of the whole set, whatever part of it trains; of a folder at least so many."""
    return FACTS.num_images if data.name == "imagenet" else data.num_train + data.num_val + data.num_test


def _that_is_there(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
