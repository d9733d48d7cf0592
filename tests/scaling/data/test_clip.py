"""Clips: what they have of their videos, in training and in evaluations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from scaling.data.clip import Window, cut, spread, views
from scaling.data.clip_windows import ClipWindows
from scaling.data.videos import Videos

PLAIN: dict[str, Any] = {
    "frames": 4,
    "side": 8,
    "crop": "padded",
    "padding": 0,
    "scale_jitter": 0.0,
    "mirror": False,
}


@pytest.fixture(scope="module")
def video() -> NDArray[np.uint8]:
    """(9, 10, 14, 1), no two pixels alike as far as 8 bits go; the light grows with the row."""
    return np.random.default_rng(0).integers(0, 256, (9, 10, 14, 1), dtype=np.uint8)


def _clips(
    video: NDArray[np.uint8], seed: int = 0, batch: int = 64, share: slice = slice(None), **of: Any
) -> Tensor:
    videos = Videos(
        frames=lambda _: video, places=torch.zeros(batch, dtype=torch.int64), labels=torch.zeros(batch)
    )
    windows = ClipWindows(**{**PLAIN, **of})
    draws = windows.draw(torch.Generator().manual_seed(seed), batch)
    return videos.clips(torch.arange(batch)[share], draws, range(batch)[share])


def test_a_clip_is_a_window_of_its_frames(video: NDArray[np.uint8]) -> None:
    window = Window(3, np.arange(1, 9), np.arange(5, 13))
    clip = cut(video, 4, window, 8)
    assert np.array_equal(clip.permute(1, 2, 3, 0).numpy(), video[3:7, 1:9, 5:13])


def test_one_that_ends_too_soon_starts_over(video: NDArray[np.uint8]) -> None:
    clip = cut(video[:3], 8, Window(0, np.arange(10), np.arange(10)), 10)
    assert np.array_equal(clip[0].numpy(), video[[0, 1, 2, 0, 1, 2, 0, 1], :10, :10, 0])


@pytest.mark.parametrize("crop", ["padded", "resized"])
def test_all_frames_of_a_clip_have_one_window(video: NDArray[np.uint8], crop: str) -> None:
    """Of a video that stands still all frames of a clip are alike, and clips differ."""
    still = np.repeat(video[:1], 9, axis=0)
    clips = _clips(still, crop=crop, padding=2, scale_jitter=0.5, mirror=True)
    assert (clips == clips[:, :, :1]).all()
    assert len({clip.numpy().tobytes() for clip in clips}) > 40


@pytest.mark.parametrize("crop", ["padded", "resized"])
def test_what_happens_to_a_clip_does_not_depend_on_the_sharing(video: NDArray[np.uint8], crop: str) -> None:
    of: dict[str, Any] = {"crop": crop, "padding": 2, "scale_jitter": 0.5, "mirror": True}
    whole = _clips(video, **of)
    halves = [_clips(video, share=share, **of) for share in (slice(0, 32), slice(32, 64))]
    assert torch.equal(whole, torch.cat(halves))
    assert not torch.equal(whole, _clips(video, seed=1, **of))


def test_starts_and_windows_are_anywhere(video: NDArray[np.uint8]) -> None:
    """Clips of 4 of 9 frames have 6 starts, and windows of 8 in 10 x 14 pixels 3 x 7 places."""
    found = set()
    for clip in _clips(video, batch=600):
        places = [
            (first, top, left)
            for first in range(6)
            for top in range(3)
            for left in range(7)
            if np.array_equal(clip[0], video[first : first + 4, top : top + 8, left : left + 8, 0])
        ]
        assert len(places) == 1
        found |= set(places)
    assert len(found) > 110  # of 126


def test_jitter_enlarges_by_up_to_its_share() -> None:
    """In a ramp of one light a pixel, a window that is enlarged z times rises by 7 / z over 8 pixels."""
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[:, np.newaxis, np.newaxis], (5, 64, 64, 1))
    clips = _clips(np.ascontiguousarray(ramp * 3), batch=200, side=32, scale_jitter=1.0).float()
    rises = (clips[:, 0, 0, 24, 16] - clips[:, 0, 0, 8, 16]) / 16
    assert rises.min() == pytest.approx(1.5, abs=0.1)
    assert rises.max() == pytest.approx(3.0, abs=0.1)
    assert rises.mean() == pytest.approx(3 * np.log(2), abs=0.1)  # the mean of 3 / z


def test_a_mirrored_clip_is_mirrored_in_all_frames(video: NDArray[np.uint8]) -> None:
    square = video[:4, :8, :8]
    clips = _clips(square, mirror=True, batch=100)
    plain = torch.from_numpy(square[..., 0])
    mirrored = [torch.equal(clip[0], plain.flip(-1)) for clip in clips]
    assert all(torch.equal(clip[0], plain) for clip, was in zip(clips, mirrored, strict=True) if not was)
    assert 30 < sum(mirrored) < 70


@pytest.mark.parametrize(
    ("room", "number", "places"),
    [(10, 1, [5]), (10, 2, [0, 10]), (10, 3, [0, 5, 10]), (0, 2, [0, 0]), (-3, 2, [0, 0])],
)
def test_places_are_spread_evenly(room: int, number: int, places: list[int]) -> None:
    assert spread(room, number) == places


@pytest.mark.parametrize("is_upright", [False, True])
def test_views_are_squares_along_the_longer_side(is_upright: bool) -> None:
    shape = (20, 14, 10, 3) if is_upright else (20, 10, 14, 3)
    windows = views(shape, 8, 2, 3)
    assert [window.first for window in windows] == [0, 0, 0, 12, 12, 12]
    along, across = ("rows", "columns") if is_upright else ("columns", "rows")
    assert [getattr(window, along)[0] for window in windows] == [0, 2, 4] * 2
    assert all(len(window.rows) == len(window.columns) == 10 for window in windows)
    assert all(np.array_equal(getattr(window, across), np.arange(10)) for window in windows)
