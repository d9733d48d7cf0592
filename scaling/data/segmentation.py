"""pascal_voc and ade20k: photographs with masks, in the directories of their archives. No torch import."""

from __future__ import annotations

from pathlib import Path

from scaling.data.folder import Folder
from scaling.data.mask_folder import Pairs, listed, paired, with_masks
from scaling.data.stored import IGNORED, Facts
from scaling.errors import DataError

PASCAL_VOC = Facts(
    # md5 of VOCtrainval_11-May-2012.tar (torchvision.datasets.voc)
    fingerprint="md5:6cd6e144f989b92b3379bac3b3de84fd",
    num_images=1_464 + 1_449,
    num_own_test=1_449,  # its validation images, since its test images have no public masks
    num_classes=21,
    channels=3,
    side=None,
    masks=True,
)
"""Segmentation of VOC 2012 (Everingham et al. 2015), without the masks added by later work."""

ADE20K = Facts(
    # SHA-1 of ADEChallengeData2016.zip (gluon-cv, scripts/datasets/ade20k.py)
    fingerprint="sha1:219e1696abb36c8ba3a3afe7fb2f4b4606a897c7",
    num_images=20_210 + 2_000,
    num_own_test=2_000,  # its validation images, for the same reason
    num_classes=151,  # class 0 of its masks stands for no class and is ignored
    channels=3,
    side=None,
    masks=True,
)
"""Scene parsing of 2016 (Zhou et al. 2017)."""


def find_pascal_voc(root: str | None, facts: Facts = PASCAL_VOC) -> Folder:
    """The images that VOC 2012 lists for segmentation, in `root` or its `VOC2012` or `VOCdevkit/VOC2012`."""
    top = _top("pascal_voc", root, ("", "VOC2012", "VOCdevkit/VOC2012"), "SegmentationClass")

    def part(name: str) -> Pairs:
        file = top / "ImageSets/Segmentation" / f"{name}.txt"
        if not file.is_file():
            raise DataError(f"{file} is missing: unpack VOCtrainval_11-May-2012.tar again.")
        return with_masks(
            top, [f"JPEGImages/{stem}.jpg" for stem in file.read_text().split()], "SegmentationClass"
        )

    return _checked("pascal_voc", top, part("train"), part("val"), facts, IGNORED)


def find_ade20k(root: str | None, facts: Facts = ADE20K) -> Folder:
    """The images of ADEChallengeData2016, in `root` or its directory of that name."""
    top = _top("ade20k", root, ("", "ADEChallengeData2016"), "annotations")
    train, val = (listed(top, f"images/{part}", f"annotations/{part}") for part in ("training", "validation"))
    return _checked("ade20k", top, train, val, facts, 0)


def _top(name: str, root: str | None, below: tuple[str, ...], sign: str) -> Path:
    if root is None:
        raise DataError(f"{name} has no default directory: give the directory of its archive as data.root.")
    places = [Path(root).expanduser() / each for each in below]
    for place in places:
        if (place / sign).is_dir():
            return place
    raise DataError(
        f"{name} is in none of {', '.join(map(str, places))}: give the directory of its archive as data.root."
    )


def _checked(name: str, top: Path, train: Pairs, val: Pairs, facts: Facts, void: int) -> Folder:
    """The folder, if it has the declared numbers of images: digests can only verify the packed archives."""
    counted, declared = (len(train), len(val)), (facts.num_images - facts.num_own_test, facts.num_own_test)
    if counted != declared:
        raise DataError(
            f"{top} has {counted[0]} training and {counted[1]} validation images, but {name} {declared[0]} "
            f"and {declared[1]}: unpack it again."
        )
    return paired(top, train, val, num_classes=facts.num_classes, void=void)
