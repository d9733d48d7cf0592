"""Loading of videos: reads and splits those that a data set declares, for training and evaluation."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from scaling.data import moving, video_files
from scaling.data.dataset import DataSet
from scaling.data.image_files import check_fingerprint
from scaling.data.images import Images
from scaling.data.load import resized, statistics, statistics_of_sums
from scaling.data.splits import labels_of, readable
from scaling.data.videos import Frames, Videos, ViewedVideos
from scaling.data.views import Views

log = logging.getLogger(__name__)


def load_clips(data: DataSet, root: str | None, resolution: int, frames: int, views: Views) -> Images:
    """The videos that `data` declares, for clips of `frames` frames of `resolution` pixels; the last two data
    sets are cached, in memory unless their files are on disk.

    Raises DataError if the videos are missing, unreadable or not the declared ones.
    """
    videos = _load(data, root, views.stored_side(resolution))
    _tell_short(data, videos.lengths, frames)
    train, val, test = (videos.split(data, places) for places in videos.splits)
    viewed = partial(ViewedVideos, num_frames=frames, views=views, side=views.side(resolution))
    return Images(
        train=train,
        val=viewed(videos=val),
        test=viewed(videos=test),
        mean=videos.mean[..., None],
        deviation=videos.deviation[..., None],
        unreadable=videos.unreadable,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Loaded:
    """All videos of a data set."""

    frames: Frames
    labels: NDArray[np.int64]
    lengths: NDArray[np.int64]
    """(N,): number of frames of each video; 0 if it is unreadable."""
    splits: tuple[list[int], list[int], list[int]]
    mean: Tensor
    deviation: Tensor
    unreadable: Mapping[int, str] = field(default_factory=dict)

    def split(self, data: DataSet, places: list[int]) -> Videos:
        labels = labels_of(data, torch.from_numpy(self.labels[places]))
        return Videos(frames=self.frames, places=torch.tensor(places), labels=labels)


@lru_cache(maxsize=2)
def _load(data: DataSet, root: str | None, side: int) -> _Loaded:
    return _moving(data, side) if data.name == "moving_mnist5k" else _of_files(data, root, side)


def _moving(data: DataSet, side: int) -> _Loaded:
    stored = moving.read()
    check_fingerprint(data, stored.fingerprint)
    number, _, *square, channels = stored.frames.shape
    flat = torch.from_numpy(stored.frames[:, :: data.temporal_stride]).reshape(-1, *square, channels)
    small = resized(flat.permute(0, 3, 1, 2), side)
    splits = readable(data, number, 0, ())
    frames = small.reshape(number, -1, channels, side, side)
    mean, deviation = statistics(frames[splits[0]].flatten(0, 1))
    videos = frames.permute(0, 1, 3, 4, 2).numpy()
    return _Loaded(
        frames=lambda index: videos[index],
        labels=stored.labels,
        lengths=np.full(number, videos.shape[1]),
        splits=splits,
        mean=mean,
        deviation=deviation,
    )


def _of_files(data: DataSet, root: str | None, side: int) -> _Loaded:
    decoded = video_files.read(data, root, side)
    splits = readable(data, len(decoded.labels), decoded.num_own_test, decoded.unreadable)
    train = splits[0]
    mean, deviation = statistics_of_sums(decoded.sums[train], int(decoded.shapes[train].prod(1).sum()))
    return _Loaded(
        frames=decoded.frames,
        labels=decoded.labels,
        lengths=decoded.shapes[:, 0],
        splits=splits,
        mean=mean,
        deviation=deviation,
        unreadable=decoded.unreadable,
    )


def _tell_short(data: DataSet, lengths: NDArray[np.int64], frames: int) -> None:
    short = int(((lengths > 0) & (lengths < frames)).sum())
    if short:
        log.warning(
            "%d of %d videos of %s have fewer than %d frames at data.temporal_stride=%d (the shortest has "
            "%d): their clips start over from the first frame",
            *(short, len(lengths), data.name, frames, data.temporal_stride, lengths[lengths > 0].min()),
        )
