"""A folder: image files in one directory for each class, as people and archives leave them. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.data.piece import Piece
from scaling.errors import DataError

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".gif")
"""Of the names of image files, in small letters; other files are none of ours."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Files in stored order: those of one class after those of another, own test images last."""

    top: Path
    names: Sequence[str]
    """Relative to `top`."""
    labels: Sequence[int]
    classes: Sequence[str]
    num_own_test: int = 0
    within: Sequence[Piece] | None = None
    """Where in shards the images lie; None where each is a file of its own."""
    part_of: int | None = None
    """Images of the whole set, where these are some of them."""

    def piece(self, index: int) -> Piece:
        """Where the bytes of an image lie."""
        return self.within[index] if self.within else Piece(self.top / self.names[index])

    def part(self, chosen: Sequence[int]) -> Folder:
        """Some of the images, in this order, none of them as the set's own test images."""
        return replace(
            self,
            names=[self.names[index] for index in chosen],
            labels=[self.labels[index] for index in chosen],
            num_own_test=0,
            within=[self.within[index] for index in chosen] if self.within else None,
            part_of=len(self.names),
        )


def scan(top: Path, train: str = "", test: str | None = None) -> Folder:
    """The images below `top/train`, then those below `top/test`; DataError where these are no folders of
    classes, or not of the same ones."""
    names, labels, classes = _scan(top, train)
    if test is None:
        return Folder(top=top, names=names, labels=labels, classes=classes)
    test_names, test_labels, test_classes = _scan(top, test)
    if test_classes != classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise DataError(
            f"{top / train} and {top / test} must hold the same classes: only one has {_some(odd)}."
        )
    return Folder(
        top=top,
        names=names + test_names,
        labels=labels + test_labels,
        classes=classes,
        num_own_test=len(test_names),
    )


def _scan(top: Path, part: str) -> tuple[list[str], list[int], list[str]]:
    """Names, labels and classes of one part of the folder."""
    folder = top / part
    classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    if not classes:
        raise DataError(f"{folder} holds no classes: it needs one directory of images for each.")
    if len(classes) == 1:
        raise DataError(f"{folder} holds one class, {classes[0]}: at least two are needed.")
    files = [_image_files(top, folder / name) for name in classes]
    empty = [name for name, found in zip(classes, files, strict=True) if not found]
    if empty:
        raise DataError(f"{folder} has no images in {_some(empty)}.")
    labels = [label for label, found in enumerate(files) for _ in found]
    return [name for found in files for name in found], labels, classes


def _image_files(top: Path, folder: Path) -> list[str]:
    return [
        os.path.join(os.path.relpath(place, top), name)
        for place, _, names in sorted(os.walk(folder, followlinks=True))
        for name in sorted(names)
        if name.lower().endswith(ENDINGS)
    ]


def _some(names: Sequence[str], at_most: int = 5) -> str:
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more
