"""imagenet: ILSVRC2012, 1,281,167 images of 1,000 classes (Russakovsky et al. 2015). No torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scaling.data.folder import Folder, scan
from scaling.data.stored import Facts
from scaling.errors import DataError

FACTS = Facts(
    # md5 of the official archives of training and validation images (torchvision.datasets.imagenet)
    fingerprint="md5:1d675b47d978889d74fa0da5fadfb00e,29b22e2961454d5413ddabcf34fc5622",
    num_images=1_281_167 + 50_000,
    num_own_test=50_000,  # its validation images: what is reported, and never chosen by
    num_classes=1_000,
    channels=3,
    side=None,
)

CLASSES_SHA256 = "385e0240499426c022b773be1ae4da780f057b89c9694c7f47199f62746b6edd"
"""Of the sorted names of the classes, such as n01440764, one a line."""

_BELOW = ("", "ILSVRC/Data/CLS-LOC")
"""Where the images lie in `root`: as torchvision unpacks the archives, or as Kaggle has packed them."""


def find(root: str | None, facts: Facts = FACTS, classes_sha256: str = CLASSES_SHA256) -> Folder:
    """`train/<class>/*` and `val/<class>/*` below `root`; DataError unless they are the declared images.

    The archives, whose digests are the fingerprint, are gone once they are unpacked. What can be verified is
    the number of images in `train` and in `val`, and the names of the classes.
    """
    if root is None:
        raise DataError(f"imagenet has no place of its own: {_HOW}.")
    places = [Path(root).expanduser() / below for below in _BELOW]
    found = [place for place in places if (place / "train").is_dir() and (place / "val").is_dir()]
    if not found:
        raise DataError(f"imagenet is in none of {', '.join(map(str, places))}: {_HOW}.")
    folder = scan(found[0], "train", "val")
    counted = len(folder.names) - folder.num_own_test, folder.num_own_test, len(folder.classes)
    declared = facts.num_images - facts.num_own_test, facts.num_own_test, facts.num_classes
    if counted != declared:
        raise DataError(
            f"{folder.top} has {counted[0]} training and {counted[1]} validation images of {counted[2]} "
            f"classes, and imagenet {declared[0]}, {declared[1]} and {declared[2]}: unpack its archives anew."
        )
    if hashlib.sha256("\n".join(folder.classes).encode()).hexdigest() != classes_sha256:
        raise DataError(
            f"The classes of {folder.top} are not those of imagenet: its directories have names such as "
            f"n01440764, not {folder.classes[0]}."
        )
    return folder


_HOW = (
    "give as data.root the directory that holds train/<class>/*.JPEG and val/<class>/*.JPEG; image-net.org "
    "has the archives for those who register, and torchvision.datasets.ImageNet unpacks them so"
)
