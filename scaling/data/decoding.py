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
from scaling.data.decode import Undecodable, decode
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
    """Decode the images of a folder one after another into `file`, flushed to disk.

    Their sums (N, 2, 3), over each channel's pixels and the squares of these, and why some cannot be decoded.
    """
    num_images = len(folder.names)
    file.touch()
    os.truncate(file, num_images * 3 * side**2)
    blocks = [
        (start, [folder.piece(index) for index in range(start, min(start + _BLOCK, num_images))])
        for start in range(0, num_images, _BLOCK)
    ]
    sums = np.zeros((num_images, 2, 3), np.int64)
    unreadable: dict[int, str] = {}
    with workers(min(num_cores(), num_images // _PROCESS_FROM)) as mapped:
        done = mapped(partial(_decode_block, side, file), blocks)
        for block in told(done, len(blocks), f"{folder.top} to {side} pixels"):
            sums[block.start : block.start + len(block.sums)] = block.sums
            unreadable |= block.unreadable
    with file.open("rb+") as written:
        os.fsync(written)
    return sums, unreadable


def _decode_block(side: int, file: Path, block: tuple[int, Sequence[Piece]]) -> _DecodedBlock:
    """Decode some images to where they belong in the file."""
    start, pieces = block
    pixels = np.zeros((len(pieces), side, side, 3), np.uint8)
    unreadable = {}
    for index, piece in enumerate(pieces):
        try:
            pixels[index] = decode(BytesIO(piece.read()), side)
        except (Undecodable, OSError) as error:
            unreadable[start + index] = f"{piece}: {error}"
    with file.open("rb+") as written:
        written.seek(start * pixels[0].nbytes)
        written.write(pixels.data)
    return _DecodedBlock(start=start, sums=_sums(pixels), unreadable=unreadable)


def _sums(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """From how often each image has each of the 256 lights, which is the fastest to count."""
    counts = np.array([Image.fromarray(image).histogram() for image in pixels]).reshape(-1, 3, 256)
    light = np.arange(256)
    return np.stack([counts @ light, counts @ light**2], axis=1)
