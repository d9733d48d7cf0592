"""Disk: the space that decoded images and videos take before points can train. No torch import."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scaling.data import imagenet, kinetics, unlabelled, video_files
from scaling.data.cache import cache_dir
from scaling.data.dataset import DataSet
from scaling.data.decoded_images import size_gb
from scaling.data.image_files import FIND, place_of, place_of_held_out
from scaling.data.pseudo import has_others
from scaling.study.point import Point


@dataclass(frozen=True, kw_only=True)
class Disk:
    """The disk space of image and video files still to be decoded; sizes are in 1e9 bytes."""

    place: Path
    """The directory of all decoded files."""
    sides: tuple[int, ...]
    """Sizes still to be decoded: pixels along one side of images, or along the shorter side of videos."""
    needed_gb: float
    """Disk space that these will take; 0 for videos of unknown length."""
    free_gb: float
    """Free disk space of this machine at `place`."""


def to_decode(points: Sequence[Point]) -> Disk | None:
    """The files that must be decoded before these points can train; None if there are none."""
    found = _of_images(points) | _of_others(points) | _of_videos(points)
    absent = {place: each for place, each in found.items() if not place.exists()}
    if not absent:
        return None
    return Disk(
        place=cache_dir(),
        sides=tuple(sorted({each.side for each in absent.values()})),
        needed_gb=sum(each.gb for each in absent.values()),
        free_gb=shutil.disk_usage(_that_is_there(cache_dir())).free / 1e9,
    )


def frame_gb(side: int) -> float:
    """Disk space of a video frame with a shorter side of `side` pixels and the usual aspect ratio."""
    return size_gb(1, side) * kinetics.OBLONG


class _Files(NamedTuple):
    """The files of one data set, decoded at one size."""

    side: int
    gb: float
    """0 for videos of unknown length."""


def _of_images(points: Sequence[Point]) -> dict[Path, _Files]:
    """Files by place: whole data sets at the resolutions of training; only validation and test images at the
    resolutions of `evaluate_at` at which no point trains."""
    of_files = [point for point in points if point.data.name in FIND]
    trained = {(point.data, point.resolution) for point in of_files}
    evaluated = {(point.data, side) for point in of_files for side in point.evaluate_at} - trained
    held_out = {place_of_held_out(*each): (*each, each[0].num_val + each[0].num_test) for each in evaluated}
    whole = {place_of(*each): (*each, _num_examples(each[0])) for each in trained}
    return {
        place: _Files(side, size_gb(number, side, masks=data.masks))
        for place, (data, side, number) in (held_out | whole).items()
    }


def _of_others(points: Sequence[Point]) -> dict[Path, _Files]:
    """Files by place of unlabelled images outside of the data set, for the students that learn from them."""
    found = {}
    for point in points:
        if point.pseudo and has_others(point.pseudo):
            others, side = point.pseudo.unlabelled, point.resolution
            found[unlabelled.place_of(others, side)] = _Files(side, size_gb(others.num_images, side))
    return found


def _of_videos(points: Sequence[Point]) -> dict[Path, _Files]:
    """Files by place of whole data sets, assuming the usual length and shape for videos of kinetics400."""
    found = {}
    for point in points:
        if point.data.name in video_files.FIND:
            side, number, gb = point.views.stored_side(point.resolution), _num_examples(point.data), 0.0
            if point.data.name == "kinetics400":
                frames = math.ceil(kinetics.NUM_FRAMES / point.data.temporal_stride)
                gb = number * frames * frame_gb(side)
            found[video_files.place_of(point.data, side)] = _Files(side, gb)
    return found


def _num_examples(data: DataSet) -> int:
    """Number of examples of the whole data set, of which a part may be used; for a folder, a lower bound."""
    declared = {"imagenet": imagenet.FACTS, "kinetics400": kinetics.FACTS}.get(data.name)
    return declared.num_images if declared else data.num_train + data.num_val + data.num_test


def _that_is_there(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())
