"""Decoding of videos: a file of any kind becomes frames of a given size. No torch import."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from PIL import Image

from scaling.data.clip_folder import TENSORS
from scaling.data.decode import Undecodable

DECODING = 1
"""Version of the decoding, increased when a file decodes to other pixels; videos of other versions are
decoded again."""


def decode_video(path: Path, side: int, stride: int) -> NDArray[np.uint8]:
    """Every `stride`-th frame, from the first on, as (T, H, W, 3) uint8: upright, with a shorter side of
    `side` pixels. Raises Undecodable.

    Frames are counted, whatever their timestamps. A file counts as damaged if its decoder raises an error.
    """
    try:
        if path.suffix.lower() in TENSORS:
            frames = [_resized(frame, side) for frame in _frames_of(path)[::stride]]
        else:
            frames = list(_decoded(path, side, stride))
    except MemoryError:
        raise
    except Exception as error:  # damaged files can raise almost any error
        raise Undecodable(_said(error)) from error
    if not frames:
        raise Undecodable("it has no frames")
    if len({frame.shape for frame in frames}) > 1:
        raise Undecodable("its frames are of several sizes")
    return np.stack(frames)


def _decoded(path: Path, side: int, stride: int) -> Iterator[NDArray[np.uint8]]:
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError("it has no video stream")
        stream = container.streams.video[0]
        stream.thread_type = "NONE"  # the processes decode different files, which uses all cores
        for number, frame in enumerate(container.decode(stream)):
            if number % stride == 0:
                width, height = _size(frame.width, frame.height, side)
                small = frame.reformat(width, height, "rgb24", interpolation=Interpolation.BILINEAR)
                yield np.rot90(small.to_ndarray(), frame.rotation // 90)


def _frames_of(path: Path) -> NDArray[np.uint8]:
    """The frames (T, H, W, C) in a file of numpy."""
    loaded = np.load(path, mmap_mode="r", allow_pickle=False)
    if path.suffix.lower() == ".npz":
        with loaded:
            if len(loaded.files) != 1:
                raise ValueError(f"it holds {len(loaded.files)} arrays, but one array of frames is needed")
            frames = loaded[loaded.files[0]]
    else:
        frames = loaded
    if frames.dtype != np.uint8 or frames.ndim not in (3, 4) or frames.shape[3:] not in ((), (1,), (3,)):
        shape = " x ".join(map(str, frames.shape))
        raise ValueError(f"it is {frames.dtype} of {shape}, but frames are uint8 of T x H x W x 3, or x 1")
    tensors: NDArray[np.uint8] = frames if frames.ndim == 4 else frames[..., np.newaxis]
    return tensors


def _resized(frame: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The frame in RGB, resized by an antialiased bilinear filter."""
    picture = Image.fromarray(np.ascontiguousarray(np.broadcast_to(frame, (*frame.shape[:2], 3))))
    return np.asarray(picture.resize(_size(*picture.size, side), Image.Resampling.BILINEAR))


def _size(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height with a shorter side of `side` pixels."""
    scale = side / min(width, height)
    return max(side, round(width * scale)), max(side, round(height * scale))


def _said(error: Exception) -> str:
    """The error in one line, without the path of the file, which the caller adds."""
    if isinstance(error, av.FFmpegError):
        return f"{error.strerror}"
    if isinstance(error, zipfile.BadZipFile | EOFError):
        return "it is not a numpy array"
    return " ".join(str(error).split()) or type(error).__name__
