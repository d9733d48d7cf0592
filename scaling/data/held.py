"""Held images: those that a process keeps in memory, on the host and on a GPU. No torch import."""

from __future__ import annotations

from scaling.data import image_files, video_files
from scaling.data.dataset import DataSet
from scaling.data.pseudo import has_others
from scaling.study.point import Point


def on_gpu_gb(point: Point) -> float:
    """Images on each GPU that trains the point, in 1e9 bytes: those of all splits, at its resolution.

    Images decoded from files stay on disk and are sent a batch at a time, and so are clips. With unlabelled
    images from elsewhere, this holds for all training images (`joint.TwoSplits`).
    """
    data = point.data
    if data.clips or not _is_in_memory(data):
        return 0.0
    num_train = 0 if has_others(point.pseudo) else data.num_train + _num_rest(point)
    return (num_train + data.num_val + data.num_test) * _bytes_of_one(data, point.resolution) / 1e9


def on_host_gb(point: Point) -> float:
    """Images in memory of each process that trains the point, in 1e9 bytes.

    They are kept at their stored size and, if that differs, also at the resolution of the point; those that a
    student adds from its data set are kept together with another copy of the labelled ones.
    """
    data = point.data
    if not _is_in_memory(data):
        return 0.0
    num_labelled = data.num_train + data.num_val + data.num_test
    num_all = num_labelled + _num_rest(point)
    if data.clips:
        side = point.views.stored_side(point.resolution)
        return num_all * (data.num_frames or 1) * _bytes_of_one(data, side) / 1e9
    num_resized = num_labelled + (num_all if num_all > num_labelled else 0)
    gb = num_resized * _bytes_of_one(data, point.resolution) / 1e9
    if data.side is not None and data.side != point.resolution:
        gb += num_all * _bytes_of_one(data, data.side) / 1e9
    return gb


def _is_in_memory(data: DataSet) -> bool:
    return data.name not in image_files.FIND and data.name not in video_files.FIND


def _num_rest(point: Point) -> int:
    """Number of unlabelled images that the point takes from its own data set."""
    if point.pseudo is None or has_others(point.pseudo):
        return 0
    return point.pseudo.unlabelled.num_images


def _bytes_of_one(data: DataSet, side: int) -> int:
    """Bytes of an image with its mask, if it has one, in uint8."""
    return (data.channels + data.masks) * side**2
