"""Decoding of videos: files of a real encoder, arrays of frames, and damaged ones."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from scaling.data.decode import Undecodable
from scaling.data.decode_video import decode_video
from tests.scaling.data.videos import LIGHT, encode, frames_of


@pytest.mark.parametrize(("ending", "codec"), [("mp4", "mpeg4"), ("mp4", "h264"), ("mkv", "mpeg4")])
@pytest.mark.parametrize("stride", [1, 3])
def test_every_so_many_th_frame_at_the_side_that_is_wanted(
    tmp_path: Path, ending: str, codec: str, stride: int
) -> None:
    path = tmp_path / f"video.{ending}"
    encode(path, frames_of(10), codec=codec)
    video = decode_video(path, 16, stride)
    assert video.shape == (len(range(0, 10, stride)), 16, 24, 3)
    lights = video[:, 10:, 10:].mean((1, 2, 3))
    assert lights == pytest.approx(20 + LIGHT * np.arange(0, 10, stride), abs=3)


@pytest.mark.parametrize("shape", [(5, 8, 12, 3), (5, 8, 12, 1), (5, 8, 12)])
@pytest.mark.parametrize("ending", [".npy", ".npz"])
def test_arrays_of_frames_are_videos(tmp_path: Path, shape: tuple[int, ...], ending: str) -> None:
    frames = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    path = tmp_path / f"video{ending}"
    np.save(path, frames) if ending == ".npy" else np.savez(path, frames)
    video = decode_video(path, 8, 2)
    colours = frames if frames.ndim == 4 else frames[..., np.newaxis]
    assert np.array_equal(video, np.broadcast_to(colours[::2], (3, 8, 12, 3)))
    assert decode_video(path, 4, 1).shape == (5, 4, 6, 3)


def test_a_video_is_upright(tmp_path: Path) -> None:
    """As a telephone says it that is held upright: its matrix turns the frames by 90 degrees to the right."""
    path = tmp_path / "video.mp4"
    encode(path, frames_of(3))
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    assert struct.unpack(">9i", content[matrix : matrix + 36])[0] == 1 << 16
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    video = decode_video(path, 32, 1)
    assert video.shape == (3, 48, 32, 3)
    assert video[0, :8, 20:].mean() > 200  # the bright corner is at the top right
    assert video[0, 20:, :].mean() < 60


def _damaged(path: Path) -> None:
    encode(path, frames_of(10))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _no_video(path: Path) -> None:
    path.write_text("this is no video")


def _empty(path: Path) -> None:
    np.save(path.with_suffix(".npy"), np.zeros((0, 8, 8, 3), np.uint8))


def _floats(path: Path) -> None:
    np.save(path.with_suffix(".npy"), np.zeros((2, 8, 8, 3)))


def _two_arrays(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), np.zeros((2, 8, 8, 3), np.uint8), np.zeros(2))


def _pickle(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), np.array([{}], dtype=object))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_damaged, "it has no video stream"),
        (_no_video, "Invalid data found when processing input"),
        (_empty, "it has no frames"),
        (_floats, "it is float64 of 2 x 8 x 8 x 3, but frames are uint8 of T x H x W x 3, or x 1"),
        (_two_arrays, "it holds 2 arrays, but one array of frames is needed"),
        (_pickle, "cannot be loaded when allow_pickle=False"),
    ],
)
def test_what_cannot_be_decoded_says_why(tmp_path: Path, make, sentence: str) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "video.mp4")
    (path,) = tmp_path.iterdir()
    with pytest.raises(Undecodable, match=sentence):
        decode_video(path, 8, 1)
