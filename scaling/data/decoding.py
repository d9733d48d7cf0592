"""Decoding of whole folders: in as many processes as there are cores, into one file of pixels. No torch."""

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
"""Images that a process decodes before it tells."""
_PROCESS_FROM = 2_000
"""Images for which one more process is worth the second that it takes to start."""


@dataclass(frozen=True, kw_only=True)
class _DecodedBlock:
    """What came of a block."""

    start: int
    sums: NDArray[np.int64]
    """(images, 2, channels)"""
    unreadable: dict[int, str]


def decode_all(folder: Folder, side: int, file: Path) -> tuple[NDArray[np.int64], dict[int, str]]:
    """Decode the images of a folder one after another into `file`, flushed to disk, each pixel with its class
    where the folder has masks.

    Their sums (N, 2, 3), over each channel's pixels and the squares of these, and why some cannot be decoded.
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
"""An image, and its mask where it has one."""


def _source(folder: Folder, index: int) -> _Source:
    return folder.piece(index), folder.mask(index) if folder.masks else None


@dataclass(frozen=True)
class _Decode:
    """How one image is decoded."""

    side: int
    masks: bool
    num_classes: int
    void: int

    def __call__(self, piece: Piece, mask: Piece | None) -> NDArray[np.uint8]:
        """(S, S, 3), or with the classes of a mask (S, S, 4); raises Undecodable."""
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
    """Decode some images to where they belong in the file."""
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
    """Sums of pixels and of their squares, from a histogram of each image, which is the fastest way."""
    images = (Image.fromarray(np.ascontiguousarray(image)) for image in pixels)
    counts = np.array([image.histogram() for image in images]).reshape(-1, 3, 256)
    light = np.arange(256)
    return np.stack([counts @ light, counts @ light**2], axis=1)
