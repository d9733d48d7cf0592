"""Decoding of whole folders into one file of pixels, by up to one process per core. No torch import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scaling.cores import num_cores
from scaling.data.decode import Undecodable, decode, decode_mask
from scaling.data.folder import Folder
from scaling.data.piece import Piece
from scaling.data.workers import told, workers

_BLOCK = 128
"""Number of images that a process decodes at a time."""
_PROCESS_FROM = 2_000
"""Number of images that make one more process worth the second that it takes to start."""


@dataclass(frozen=True, kw_only=True)
class _DecodedBlock:
    """The result of decoding a block of images."""

    start: int
    sums: NDArray[np.int64]
    """(images, 2, channels)"""
    unreadable: dict[int, str]


def decode_all(folder: Folder, side: int, file: Path) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Decode the images of a folder into `file`, in order and flushed to disk, with a channel of classes if
    the folder has masks.

    Return sums (N, 2, 3) of each channel's pixels and of their squares, and by index why images cannot be
    decoded.
    """
    num_images = len(folder.names)
    file.touch()
    os.truncate(file, num_images * (3 + bool(folder.masks)) * side**2)
    blocks = [
        (start, [_source(folder, index) for index in range(start, min(start + _BLOCK, num_images))])
        for start in range(0, num_images, _BLOCK)
    ]
    decode_one = _Decode(side, bool(folder.masks), len(folder.classes), folder.void)
    sums = np.zeros((num_images, 2, 3), np.int64)
    unreadable: dict[int, str] = {}
    with workers(min(num_cores(), num_images // _PROCESS_FROM)) as mapped:
        done = mapped(partial(_decode_block, decode_one, file), blocks)
        for block in told(done, len(blocks), f"{folder.top} to {side} pixels"):
            sums[block.start : block.start + len(block.sums)] = block.sums
            unreadable |= block.unreadable
    with file.open("rb+") as written:
        os.fsync(written)
    return sums, unreadable


_Source = tuple[Piece, Piece | None]
"""An image, and its mask if it has one."""


def _source(folder: Folder, index: int) -> _Source:
    return folder.piece(index), folder.mask(index) if folder.masks else None


@dataclass(frozen=True)
class _Decode:
    """Decodes one image with these settings."""

    side: int
    masks: bool
    num_classes: int
    void: int

    def __call__(self, piece: Piece, mask: Piece | None) -> NDArray[np.uint8]:
        """Pixels (S, S, 3), or (S, S, 4) with the classes of a mask; raises Undecodable."""
        content = piece.read()
        image = decode(BytesIO(content), self.side)
        if mask is None:
            return image
        classes = decode_mask(
            BytesIO(mask.read()),
            self.side,
            image=BytesIO(content),
            num_classes=self.num_classes,
            void=self.void,
        )
        return np.concatenate([image, classes[:, :, None]], axis=2)


def _decode_block(decode_one: _Decode, file: Path, block: tuple[int, Sequence[_Source]]) -> _DecodedBlock:
    """Decode a block of images and write it to its place in the file."""
    start, sources = block
    side = decode_one.side
    pixels = np.zeros((len(sources), side, side, 3 + decode_one.masks), np.uint8)
    unreadable = {}
    for index, (piece, mask) in enumerate(sources):
        try:
            pixels[index] = decode_one(piece, mask)
        except (Undecodable, OSError) as error:
            unreadable[start + index] = f"{piece}: {error}"
    with file.open("rb+") as written:
        written.seek(start * pixels[0].nbytes)
        written.write(pixels.data)
    return _DecodedBlock(start=start, sums=_sums(pixels[..., :3]), unreadable=unreadable)


def _sums(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Sums of pixels and of their squares (N, 2, 3), from a histogram of each image, the fastest way."""
    images = (Image.fromarray(np.ascontiguousarray(image)) for image in pixels)
    counts = np.array([image.histogram() for image in images]).reshape(-1, 3, 256)
    light = np.arange(256)
    return np.stack([counts @ light, counts @ light**2], axis=1)
