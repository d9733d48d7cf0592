"""mask_folder: any directory of images, and of masks with the same names. No torch import."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from scaling.cores import num_cores
from scaling.data import image_folder
from scaling.data.cache import cache_dir, fetch_text
from scaling.data.folder import ENDINGS, Folder, own_test, some, top_of
from scaling.data.stored import IGNORED, Facts
from scaling.errors import DataError


def read_facts(root: str | None) -> Facts:
    """The facts needed for planning; the files are read once, and again if one of them has changed."""
    folder = find(root)
    facts = image_folder.facts_of(folder)
    place = cache_dir() / "mask_folder" / "classes" / facts.fingerprint
    num_classes = int(fetch_text(place, lambda: str(_num_classes(folder))))
    return replace(facts, num_classes=num_classes, masks=True)


def find(root: str | None) -> Folder:
    """The files under `root`, which holds `images/*` and `masks/*.png`, or `train/images`, `train/masks` and
    optionally the same below `test` or `val`; DataError for any other layout."""
    top = top_of(root, "mask_folder", "images and masks")
    if not (top / "train").is_dir():
        return paired(top, listed(top, "images", "masks"))
    train, *test = [listed(top, f"{part}/images", f"{part}/masks") for part in ("train", *own_test(top))]
    return paired(top, train, *test)


Pairs = list[tuple[str, str]]
"""Names of images and of their masks, relative to a directory."""


def listed(top: Path, images: str, masks: str) -> Pairs:
    """All images of one directory, sorted, with their masks in another; DataError unless each has one."""
    for folder in (top / images, top / masks):
        if not folder.is_dir():
            raise DataError(f"{folder} is not a directory: {images} and {masks} are needed side by side.")
    names = [name for name in sorted(os.listdir(top / images)) if name.lower().endswith(ENDINGS)]
    return with_masks(top, [f"{images}/{name}" for name in names if name[0] != "."], masks)


def with_masks(top: Path, images: Sequence[str], masks: str) -> Pairs:
    """Images with the masks of the same names; DataError if a file is missing."""
    if not images:
        raise DataError(f"{top} has no images where they should be.")
    pairs = [(name, f"{masks}/{Path(name).stem}.png") for name in images]
    for index, file in enumerate((name for name, _ in pairs), 1):
        if not (top / file).is_file():
            raise DataError(f"{top / file} is missing, number {index} of {len(pairs)} images.")
    without = [name for name, mask in pairs if not (top / mask).is_file()]
    if without:
        raise DataError(f"{top / masks} has no PNG for {some(without)}: each image needs a mask of its name.")
    return pairs


def paired(
    top: Path, train: Pairs, test: Pairs | None = None, *, num_classes: int = 0, void: int = IGNORED
) -> Folder:
    """The folder of these pairs, with test images last."""
    pairs = [*train, *(test or [])]
    return Folder(
        top=top,
        names=[name for name, _ in pairs],
        labels=[0] * len(pairs),
        classes=[str(number) for number in range(num_classes)],
        num_own_test=len(test or []),
        masks=[mask for _, mask in pairs],
        void=void,
    )


def _num_classes(folder: Folder) -> int:
    """One more than the largest class of any mask that can be read."""
    from scaling.data.decode import Undecodable, classes_in  # imports Pillow, which a plan rarely needs

    def largest(index: int) -> int:
        try:
            found = classes_in(folder.mask(index).path)
        except (Undecodable, OSError):
            return -1
        return max((value for value in found if value != IGNORED), default=-1)

    with ThreadPoolExecutor(num_cores()) as threads:
        number = 1 + max(threads.map(largest, range(len(folder.names))))
    if number < 2:
        raise DataError(f"The masks of {folder.top} have {number} classes besides {IGNORED}: use at least 2.")
    return number
