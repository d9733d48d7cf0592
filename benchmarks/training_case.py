"""A case of the training benchmark: the point that all ways train, and the location of its images."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from scaling.data import fashion_mnist
from scaling.data.cache import cache_dir
from scaling.data.catalog import DataConfig, declare
from scaling.models.families import FAMILIES
from scaling.study.point import Point
from scaling.study.precision import Precision
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

NUM_TEST = 64
"""Test images of a folder; fashion_mnist has its own 10,000."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The training to be timed, of which the first epoch is a warm-up and not timed."""

    family: Literal["resnet_small", "resnet_rs"]
    depth: int
    width: float
    resolution: int
    data: Literal["fashion_mnist", "image_folder"]
    """In memory for all ways, or as JPEG files, which the peers decode again in each epoch."""
    num_train: int
    num_val: int
    epochs: int
    batch_size: int
    learning_rate: float
    """Learning rate for a batch of 256, as in a recipe."""
    precision: Precision
    tells_accuracy: bool = False
    """Whether there are enough test images and epochs to compare accuracies."""

    @property
    def name(self) -> str:
        """Description of the network and its images."""
        return f"{self.family} {self.depth}x{self.width:g}@{self.resolution}, {self.data}"

    @property
    def root(self) -> Path:
        """Directory of the images for torchvision and timm, made once per machine."""
        if self.data == "fashion_mnist":
            return _unpacked()
        return _folder(self.resolution, self.num_train + self.num_val)

    def point(self, seed: int) -> Point:
        """The point, with conf/recipe/short.yaml except for batch size and learning rate."""
        own = {"root": str(self.root), "mirror": True}
        config = own if self.data == "image_folder" else {}
        return Point(
            depth=self.depth,
            width=self.width,
            resolution=self.resolution,
            epochs=self.epochs,
            seed=seed,
            family=self.family,
            model=FAMILIES[self.family](),
            data=declare(
                DataConfig(name=self.data, num_train=self.num_train, num_val=self.num_val, **config)
            ),
            recipe=Recipe(
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                weight_decay=5e-4,
                ema_decay=0.95,
                crop_padding=0.1,
            ),
            schedule=Schedule(),
            precision=self.precision,
        )


def _unpacked() -> Path:
    """Debian's fashion_mnist in torchvision's layout; without it, torchvision downloads the data set."""
    from torchvision.datasets import FashionMNIST

    root = cache_dir() / "torchvision"
    raw = root / "FashionMNIST/raw"
    raw.mkdir(parents=True, exist_ok=True)
    for file in (file for place in fashion_mnist.SYSTEM_DIRS for file in place.glob("*.gz")):
        if not (raw / file.stem).exists():
            (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    FashionMNIST(root, download=True)
    return root


def _folder(side: int, num_train: int) -> Path:
    """A folder of fashion_mnist's photographs as JPEG files of `side` pixels, by class."""
    root = cache_dir() / f"fashion_mnist-jpeg-{side}-{num_train}"
    if not root.exists():
        stored = fashion_mnist.read(None)
        for split, indices in {"train": range(num_train), "test": range(-NUM_TEST, 0)}.items():
            for index in indices:
                target = root / split / str(stored.labels[index]) / f"{abs(index):05}.jpg"
                target.parent.mkdir(parents=True, exist_ok=True)
                picture = Image.fromarray(np.asarray(stored.images[index, 0]))
                picture.resize((side, side), Image.Resampling.BICUBIC).convert("RGB").save(target, quality=90)
    return root
