"""imagenet: ILSVRC2012, 1,281,167 images of 1,000 classes (Russakovsky et al. 2015). No torch import."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from scaling.data import shards
from scaling.data.folder import Folder, scan
from scaling.data.stored import Facts
from scaling.errors import DataError

FACTS = Facts(
    # md5 of the official archives of training and validation images (torchvision.datasets.imagenet)
    fingerprint="md5:1d675b47d978889d74fa0da5fadfb00e,29b22e2961454d5413ddabcf34fc5622",
    num_images=1_281_167 + 50_000,
    num_own_test=50_000,  # its validation images, which are reported and never used for choices
    num_classes=1_000,
    channels=3,
    side=None,
)

CLASSES_SHA256 = "385e0240499426c022b773be1ae4da780f057b89c9694c7f47199f62746b6edd"
"""SHA-256 of the sorted names of the classes, such as n01440764, one per line."""

_BELOW = ("", "ILSVRC/Data/CLS-LOC")
"""Directory of the images below `root`, as unpacked by torchvision and from Kaggle's archive."""


def find(root: str | None, facts: Facts = FACTS, classes_sha256: str = CLASSES_SHA256) -> Folder:
    """The images in `train/<class>/*` and `val/<class>/*` below `root`, or in shards; DataError unless they
    are the declared ones.

    The fingerprint consists of the digests of the archives, which are gone once unpacked. Therefore the
    number of images in `train` and in `val` and the names of the classes are verified instead.
    """
    if root is None:
        raise DataError(f"imagenet has no default directory: {_HOW}.")
    places = [Path(root).expanduser() / below for below in _BELOW]
    found = [place for place in places if (place / "train").is_dir() and (place / "val").is_dir()]
    packed = shards.shards_in(places[0])
    if not found and not packed:
        raise DataError(f"imagenet is in none of {', '.join(map(str, places))}: {_HOW}.")
    folder = scan(found[0], "train", "val") if found else _with_class_names(shards.scan(packed))
    counted = len(folder.names) - folder.num_own_test, folder.num_own_test, len(folder.classes)
    declared = facts.num_images - facts.num_own_test, facts.num_own_test, facts.num_classes
    if counted != declared:
        raise DataError(
            f"{folder.top} has {counted[0]} training and {counted[1]} validation images of {counted[2]} "
            f"classes, but imagenet {declared[0]}, {declared[1]} and {declared[2]}: unpack it again."
        )
    if hashlib.sha256("\n".join(folder.classes).encode()).hexdigest() != classes_sha256:
        raise DataError(
            f"The classes of {folder.top} are not those of imagenet: its directories have names such as "
            f"n01440764, not {folder.classes[0]}."
        )
    return folder


def _with_class_names(folder: Folder) -> Folder:
    """The folder with the names of its classes, which are part of the names of training images.

    Raises DataError if images have other names than in the archives, since their order decides the split.
    """
    num_train = len(folder.names) - folder.num_own_test
    names: dict[int, set[str]] = defaultdict(set)
    for index, label in enumerate(folder.labels):
        form = _OF_TRAINING if index < num_train else _OF_VALIDATION
        found = form.fullmatch(Path(folder.names[index]).stem)
        if found is None:
            raise DataError(
                f"{folder.piece(index)} has no name of imagenet: official names, such as n01440764_10026 "
                f"and ILSVRC2012_val_00000293, decide which images are held out."
            )
        if index < num_train:
            names[label].add(found[1])
    return replace(folder, classes=[" and ".join(sorted(names[label])) for label in sorted(names)])


_OF_TRAINING, _OF_VALIDATION = re.compile(r"(n\d{8})_\d+"), re.compile(r"ILSVRC2012_val_\d{8}")

_HOW = (
    "give as data.root the directory that holds train/<class>/*.JPEG and val/<class>/*.JPEG, or the shards "
    "train-*.tar and val-*.tar; image-net.org has the archives for those who register, and "
    "torchvision.datasets.ImageNet unpacks them so"
)
