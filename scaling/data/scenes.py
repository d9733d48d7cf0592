"""Scenes: three real digits or garments on a dark canvas, with a mask of their pixels. No torch import.

Derived from `mnist5k` and `fashion_mnist`, and identical on every machine: contents and positions are
functions of a hash. Each digit or garment is in one scene only, so that splits have none in common.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from scaling.data import fashion_mnist, mnist5k
from scaling.data.stored import IGNORED, Facts, Stored

SIDE = 56
"""Pixels along one side of a canvas."""
PER_SCENE = 3
VISIBLE = 48
"""Intensity above which a pixel belongs to an object; fainter pixels at its rim have no class, as in Pascal
VOC."""

SOURCES: dict[str, Callable[[str | None], Stored]] = {
    "scenes_of_mnist5k": lambda _: mnist5k.read(),
    "scenes_of_fashion_mnist": fashion_mnist.read,
}

FACTS = {
    "scenes_of_mnist5k": Facts(
        fingerprint="5680a170b66c5fc8b2d00f1ed95fa48f7e97635ee428f8922cc0086cce6fdbe6",
        num_images=1_666,
        num_own_test=0,
        num_classes=11,
        channels=1,
        side=SIDE,
        masks=True,
    ),
    "scenes_of_fashion_mnist": Facts(
        fingerprint="02ff8760823fb88471ad63b0b068b6d277f8b3ed11218843952d8c531ec1726a",
        num_images=23_333,
        num_own_test=3_333,
        num_classes=11,
        channels=1,
        side=SIDE,
        masks=True,
    ),
}


def read(name: str, root: str | None) -> Stored:
    """The scenes called `name`, from images that are looked for in `root`; DataError if those are missing."""
    return scenes_of(SOURCES[name](root))


def scenes_of(stored: Stored) -> Stored:
    """All scenes of the stored images, those of test images last. Class 0 is the canvas; the others are the
    class of the image plus 1."""
    num_train = len(stored.images) - stored.num_own_test
    train = _grouped(range(num_train))
    test = _grouped(range(num_train, len(stored.images)))
    scenes = np.stack([_scene(stored, group) for group in train + test])
    return Stored(images=scenes, labels=np.zeros(len(scenes), np.int64), num_own_test=len(test), masks=True)


def _grouped(indices: range) -> list[list[int]]:
    """Groups of three, in the order of a hash; the one or two left over are unused."""
    order = sorted(indices, key=lambda index: hashlib.sha256(f"scene/{index}".encode()).digest())
    return [order[start : start + PER_SCENE] for start in range(0, len(order) - PER_SCENE + 1, PER_SCENE)]


def _scene(stored: Stored, group: list[int]) -> NDArray[np.uint8]:
    """(2, SIDE, SIDE): intensity and class; later images lie in front of earlier ones."""
    scene = np.zeros((2, SIDE, SIDE), np.uint8)
    for index in group:
        image = stored.images[index, 0]
        room = SIDE - len(image)
        top, left = (byte % (room + 1) for byte in hashlib.sha256(f"place/{index}".encode()).digest()[:2])
        light, classes = scene[:, top : top + len(image), left : left + len(image)]
        visible = image > VISIBLE
        classes[visible] = stored.labels[index] + 1
        classes[~visible & (image > 0) & (classes == 0)] = IGNORED
        light[:] = np.where(visible, image, np.maximum(light, image))
    return scene
