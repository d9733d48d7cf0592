"""Videos made for tests: real files of a real encoder, whose frames tell what they are."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

LIGHT = 12
"""By which each frame is lighter than the one before."""


def frames_of(number: int, *, height: int = 32, width: int = 48, first: int = 20) -> NDArray[np.uint8]:
    """(T, H, W, 3): each frame of one light, but for a bright corner at the top left."""
    frames = np.empty((number, height, width, 3), np.uint8)
    frames[:] = (first + LIGHT * np.arange(number))[:, np.newaxis, np.newaxis, np.newaxis]
    frames[:, : height // 2, : width // 4] = 250
    return frames


def encode(path: Path, frames: NDArray[np.uint8], *, codec: str = "mpeg4") -> None:
    """A video file of these frames, of good quality."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode())


def make_folder(top: Path, *, each: int = 6, number: int = 14) -> None:
    """Two classes of videos, `dark` and `light`, in the usual formats and as frames."""
    for label, name in enumerate(("dark", "light")):
        for index in range(each):
            frames = frames_of(number, first=20 + 40 * label + index)
            path = top / name / f"{index}.mp4"
            if index == 1:
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path.with_suffix(".npy"), frames)
            elif index == 2:
                np.savez_compressed(path.with_suffix(".npz"), frames=frames)
            else:
                encode(path.with_suffix(".avi" if index == 3 else ".mp4"), frames)
