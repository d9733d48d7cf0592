"""A folder: image or video files in one directory per class. No torch import."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.data.piece import Piece
from scaling.data.stored import IGNORED
from scaling.errors import DataError

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".gif")
"""Endings of the names of image files, in lower case; other files are ignored."""

_OWN_TEST = ("test", "val")
"""Names that the directory of the data set's own test examples may have."""
_PARTS = {"train", "training", "test", "testing", "val", "valid", "validation"}
"""Names, in lower case, of directories that hold a whole part rather than a class."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Files in stored order: sorted by class, with the data set's own test images last."""

    top: Path
    names: Sequence[str]
    """File names relative to `top`."""
    labels: Sequence[int]
    classes: Sequence[str]
    num_own_test: int = 0
    within: Sequence[Piece] | None = None
    """Places of the images within shards; None if each image is a file of its own."""
    masks: Sequence[str] | None = None
    """File of the mask of each image, relative to `top`; None if an image has a single class."""
    void: int = IGNORED
    """Class in the masks that stands for no class."""
    part_of: int | None = None
    """Number of images of the whole data set, if these are only a part."""

    def piece(self, index: int) -> Piece:
        """The place of the bytes of an image."""
        return self.within[index] if self.within else Piece(self.top / self.names[index])

    def mask(self, index: int) -> Piece:
        """The place of the bytes of the mask of an image."""
        assert self.masks is not None
        return Piece(self.top / self.masks[index])

    def part(self, chosen: Sequence[int]) -> Folder:
        """The images at these indices, in this order; none counts as an own test image of the data set."""
        return replace(
            self,
            names=[self.names[index] for index in chosen],
            labels=[self.labels[index] for index in chosen],
            num_own_test=0,
            within=[self.within[index] for index in chosen] if self.within else None,
            masks=[self.masks[index] for index in chosen] if self.masks else None,
            part_of=len(self.names),
        )


def scan(
    top: Path,
    train: str = "",
    test: str | None = None,
    *,
    endings: tuple[str, ...] = ENDINGS,
    what: str = "images",
) -> Folder:
    """The files below `top/train`, then those below `top/test`; DataError unless both hold one folder per
    class and the same classes.

    File names end with one of `endings`; error messages call the files `what`.
    """
    names, labels, classes = _scan(top, train, endings, what)
    if test is None:
        return Folder(top=top, names=names, labels=labels, classes=classes)
    test_names, test_labels, test_classes = _scan(top, test, endings, what)
    if test_classes != classes:
        odd = sorted(set(classes) ^ set(test_classes))
        raise DataError(
            f"{top / train} and {top / test} must hold the same classes: only one has {some(odd)}."
        )
    return Folder(
        top=top,
        names=names + test_names,
        labels=labels + test_labels,
        classes=classes,
        num_own_test=len(test_names),
    )


def top_of(root: str | None, data: str, holds: str) -> Path:
    """The directory that `data.root` names for the data set `data`; DataError if it is missing."""
    if root is None:
        raise DataError(f"data.root is missing: {data} needs the directory that holds {holds}.")
    top = Path(root).expanduser()
    if not top.is_dir():
        raise DataError(f"data.root={root} is not a directory.")
    return top


def own_test(top: Path) -> list[str]:
    """The name of the directory of the data set's own test examples, if any; DataError if there are two or
    one that would be ignored seems to be meant."""
    found = [name for name in _OWN_TEST if (top / name).is_dir()]
    alike = [name for name in sorted(os.listdir(top)) if name.lower() in _PARTS and (top / name).is_dir()]
    if not found and len(alike) > 1:
        raise DataError(f"{top} holds {some(alike)}: name them train and test, or move all but train away.")
    if len(found) > 1:
        raise DataError(
            f"{top} holds both test and val: move val away, as data.num_val images of train are held out for "
            f"validation, or move test away to use val as the test set."
        )
    return found


def _scan(
    top: Path, part: str, endings: tuple[str, ...], what: str
) -> tuple[list[str], list[int], list[str]]:
    """Names, labels and classes of one part of the folder."""
    folder = top / part
    classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    if not classes:
        raise DataError(f"{folder} holds no classes: it needs one directory of {what} for each.")
    if not part and {name.lower() for name in classes} <= _PARTS:
        raise DataError(
            f"{folder} holds {some(classes)}, which are parts, not classes: name them train and test."
        )
    if len(classes) == 1:
        raise DataError(f"{folder} holds one class, {classes[0]}: at least two are needed.")
    files = [_files(top, folder / name, endings) for name in classes]
    empty = [name for name, found in zip(classes, files, strict=True) if not found]
    if empty:
        raise DataError(f"{folder} has no {what} in {some(empty)}.")
    labels = [label for label, found in enumerate(files) for _ in found]
    return [name for found in files for name in found], labels, classes


def _files(top: Path, folder: Path, endings: tuple[str, ...]) -> list[str]:
    return [
        os.path.join(os.path.relpath(place, top), name)
        for place, names in sorted(walk(folder))
        for name in sorted(names)
        if name.lower().endswith(endings)
    ]


def walk(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield `folder` and each directory below it, with the names of its files; hidden ones are left out.

    Links are followed, but no directory is entered twice, nor one above, so that no image is repeated.
    """
    top = folder.resolve()
    entered = {str(top), *map(str, top.parents)}
    for place, inner, names in os.walk(folder, followlinks=True):
        found, inner[:] = [os.path.join(place, name) for name in inner if name[0] != "."], []
        for path in sorted(found, key=lambda path: (os.path.islink(path), path)):  # rather than by a link
            real = os.path.realpath(path)
            if real not in entered:
                inner.append(os.path.basename(path))
                entered.add(real)
        yield place, [name for name in names if name[0] != "."]


def some(names: Sequence[str], at_most: int = 5) -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - at_most} more" if len(names) > at_most else ""
    return ", ".join(names[:at_most]) + more
