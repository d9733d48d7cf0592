"""The catalogue of data sets, which makes a DataSet of the settings in conf/data/. No torch import."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scaling.data import (
    cifar,
    clip_folder,
    fashion_mnist,
    image_folder,
    imagenet,
    kinetics,
    mask_folder,
    mnist5k,
    moving,
    scenes,
    segmentation,
)
from scaling.data.dataset import DataSet
from scaling.data.stored import Facts
from scaling.errors import Refused

TEST_SHARE = 0.15
"""Share of all images that becomes the test set if a data set has none of its own."""

_NAMED: dict[str, tuple[Facts, bool]] = {
    "mnist5k": (mnist5k.FACTS, False),
    "fashion_mnist": (fashion_mnist.FACTS, True),
    "cifar10": (cifar.CIFAR10.facts, True),
    "cifar100": (cifar.CIFAR100.facts, True),
    "imagenet": (imagenet.FACTS, True),
    "moving_mnist5k": (moving.FACTS, False),
    "kinetics400": (kinetics.FACTS, True),
    "scenes_of_mnist5k": (scenes.FACTS["scenes_of_mnist5k"], False),
    "scenes_of_fashion_mnist": (scenes.FACTS["scenes_of_fashion_mnist"], True),
    "pascal_voc": (segmentation.PASCAL_VOC, True),
    "ade20k": (segmentation.ADE20K, True),
}
"""Facts and `mirror` of the data sets that can be planned on a machine without their files."""

FOLDERS: dict[str, Callable[[str | None], Facts]] = {
    "image_folder": image_folder.read_facts,
    "clip_folder": clip_folder.read_facts,
    "mask_folder": mask_folder.read_facts,
}
"""Readers of the facts of a user's own directory."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The data set of a study, as set in conf/data/."""

    name: str
    """`mnist5k`, `fashion_mnist`, `cifar10`, `cifar100`, `imagenet`, or `image_folder` for the user's own
    directory; for videos `moving_mnist5k`, `kinetics400` or `clip_folder`; with masks `scenes_of_mnist5k`,
    `scenes_of_fashion_mnist`, `pascal_voc`, `ade20k` or `mask_folder`."""
    root: str | None = None
    """Directory of the files; not part of a point's identity."""
    num_train: int | None = None
    """Number of training images to use; None for all that validation and test leave."""
    num_val: int
    """Number of images held out of the training set for validation."""
    split_seed: int = 0
    """Seed that decides which images are held out."""
    mirror: bool | None = None
    """Whether a mirrored image keeps its class; for image_folder, clip_folder and mask_folder only."""
    max_unreadable: float = DataSet.max_unreadable
    """Share of the files that may be damaged and left out; with more, points fail."""
    shuffled_labels: bool = DataSet.shuffled_labels
    """Whether the labels of each split are permuted: a control, in which no rule should be found."""
    temporal_stride: int = DataSet.temporal_stride
    """Distance between the used frames of a video; 1 uses all."""


def declare(config: DataConfig) -> DataSet:
    """The data set that a point declares. Raises Refused for a bad setting, DataError for a bad folder."""
    facts, mirror = _facts(config)
    num_test = facts.num_own_test or max(1, round(TEST_SHARE * facts.num_images))
    num_left = facts.num_images - num_test - config.num_val
    _check_sizes(config, num_left, facts.num_images - num_test)
    _check_files(config, facts)
    return DataSet(
        name=config.name,
        fingerprint=facts.fingerprint,
        num_classes=facts.num_classes,
        channels=facts.channels,
        side=facts.side,
        num_train=num_left if config.num_train is None else config.num_train,
        num_val=config.num_val,
        num_test=num_test,
        split_seed=config.split_seed,
        mirror=mirror,
        max_unreadable=config.max_unreadable,
        shuffled_labels=config.shuffled_labels,
        clips=facts.clips,
        temporal_stride=config.temporal_stride,
        num_frames=facts.num_frames and math.ceil(facts.num_frames / config.temporal_stride),
        masks=facts.masks,
    )


def _check_sizes(config: DataConfig, num_left: int, num_besides_test: int) -> None:
    """Refuse splits without images; `num_left` images are left by validation and test."""
    if config.num_val < 1:
        raise Refused(f"data.num_val={config.num_val} leaves no images to choose by: use at least 1.")
    if num_left < 1:
        raise Refused(
            f"data.num_val={config.num_val} leaves no training images: {config.name} has "
            f"{num_besides_test} besides its test set."
        )
    if config.num_train is not None and not 1 <= config.num_train <= num_left:
        raise Refused(f"data.num_train={config.num_train} must be from 1 to {num_left} for {config.name}.")


def _check_files(config: DataConfig, facts: Facts) -> None:
    """Refuse settings that do not suit the files."""
    if not 0 <= config.max_unreadable < 1:
        raise Refused(f"data.max_unreadable={config.max_unreadable:g} must be at least 0 and less than 1.")
    if config.temporal_stride < 1 or (config.temporal_stride > 1 and not facts.clips):
        what = "is for videos" if config.temporal_stride > 1 else "must be at least 1"
        raise Refused(f"data.temporal_stride={config.temporal_stride} {what}: use 1 for {config.name}.")
    if config.shuffled_labels and facts.masks and facts.side is None:
        raise Refused(
            f"data.shuffled_labels=true: in the files of {config.name} a mask lies with its image; use "
            "scenes_of_mnist5k or scenes_of_fashion_mnist."
        )


def _facts(config: DataConfig) -> tuple[Facts, bool]:
    if config.name in FOLDERS:
        if config.mirror is None:
            raise Refused("data.mirror is missing: say true if a mirrored image keeps its class, else false.")
        return FOLDERS[config.name](config.root), config.mirror
    if config.name not in _NAMED:
        known = ", ".join([*_NAMED, *FOLDERS])
        raise Refused(f"data.name={config.name} is unknown: use one of {known}.")
    if config.mirror is not None:
        raise Refused(f"data.mirror is a setting of {', '.join(FOLDERS)}, {config.name} has its own.")
    return _NAMED[config.name]
