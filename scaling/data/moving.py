"""moving_mnist5k: real handwritten digits that move left or right, made from mnist5k. No torch import."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scaling.data import mnist5k
from scaling.data.stored import Facts

SIDE, NUM_FRAMES = 32, 17
"""Pixels along one side, and frames of a video: an odd number, so that the middle frame does not depend on
the direction of the movement."""
SPEED = 0.5
"""Pixels per frame, to the left or to the right."""
_SHAKE = (-1, 0, 1)
"""Random offsets of each frame in pixels, along both axes, so that a few frames hardly show the direction."""
_LEFTMOST, _RIGHTMOST = -3, 7
"""Range of the corner of the digit's square of 28 pixels, the outer 4 of which are empty."""

FACTS = Facts(
    fingerprint="995932c3d583af61bd5b1290d1b8f8333fef741ce03623f7288f04e80f01b4b1",
    num_images=mnist5k.FACTS.num_images,
    num_own_test=0,
    num_classes=2 * mnist5k.FACTS.num_classes,
    channels=1,
    side=SIDE,
    clips=True,
    num_frames=NUM_FRAMES,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moving:
    """Videos in the order of the images that they are made from."""

    frames: NDArray[np.uint8]
    """(N, T, S, S, 1)"""
    labels: NDArray[np.int64]
    """(N,): twice the digit, plus one if it moves to the right."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all pixels, then all labels."""
        digest = hashlib.sha256(np.ascontiguousarray(self.frames).data)
        digest.update(self.labels.astype("<i8").tobytes())
        return digest.hexdigest()


def read() -> Moving:
    """One video per digit; half of each class moves to the right.

    A single frame shows the digit but not its direction, so from single frames a network can classify at most
    half of the videos. The start of a digit and its shaking are functions of a hash.
    """
    digits = mnist5k.read()
    shape = (len(digits.labels), NUM_FRAMES, SIDE, SIDE, 1)
    frames = np.zeros(shape, np.uint8)
    for index, image in enumerate(digits.images[:, 0]):
        tops, lefts = _path(index, goes_right=index % 2 == 1)
        for frame, top, left in zip(frames[index, ..., 0], tops, lefts, strict=True):
            _put(frame, image, top, left)
    labels = 2 * digits.labels + np.arange(len(digits.labels)) % 2
    return Moving(frames=frames, labels=labels)


def _path(index: int, *, goes_right: bool) -> tuple[list[int], list[int]]:
    """The tops and the lefts of a digit's square, in each frame."""
    drawn = hashlib.shake_256(f"moving/{index}".encode()).digest(2 + 2 * NUM_FRAMES)
    way = [int(SPEED * time) for time in range(NUM_FRAMES)]
    room = _RIGHTMOST - _LEFTMOST - way[-1] + 1
    top, left = _LEFTMOST + drawn[0] % (_RIGHTMOST - _LEFTMOST + 1), _LEFTMOST + drawn[1] % room
    shakes = [_SHAKE[value % len(_SHAKE)] for value in drawn[2:]]
    moved = way if goes_right else way[::-1]
    return (
        [top + shake for shake in shakes[:NUM_FRAMES]],
        [left + step + shake for step, shake in zip(moved, shakes[NUM_FRAMES:], strict=True)],
    )


def _put(frame: NDArray[np.uint8], image: NDArray[np.uint8], top: int, left: int) -> None:
    """Draw the image into the frame with its corner at (top, left), cropped to the frame."""
    height, width = image.shape
    rows = slice(max(0, top), min(SIDE, top + height))
    columns = slice(max(0, left), min(SIDE, left + width))
    frame[rows, columns] = image[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
