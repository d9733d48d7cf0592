"""The recipe: the training methods of a point, each with a strength that can be 0 (ResNet-RS, Table 1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from scaling.errors import Refused

LARGEST_MAGNITUDE = 30
LARGEST_JITTER = 3


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All settings of training except the network, the data, the schedule and the length of the run."""

    batch_size: int = 128
    norm_batch: int | None = None
    """Images per norm batch, the part of a batch that batch norm normalises together; None is the whole
    batch. Gradients are accumulated over norm batches."""
    optimizer: str = "sgd"
    """`sgd` with Nesterov momentum, or the name of an optimizer of timm, such as `lamb`."""
    learning_rate: float = 0.1
    """Peak learning rate for a batch of 256; it scales linearly with the batch (Goyal et al. 2017)."""
    momentum: float = 0.9
    """Momentum of SGD, and of the optimizers of timm that have one."""
    weight_decay: float = 4e-5
    """Weight decay of all weights except those of norms and biases."""
    label_smoothing: float = 0.1
    ema_decay: float = 0.9999
    """Decay of the moving average of the weights, which is evaluated; (1+n)/(10+n) at first. 0 is off."""
    stochastic_depth: float = 0.0
    """Rate at which an image skips the blocks of the last stage; lower in earlier stages. 0 is off."""
    dropout: float = 0.0
    """Dropout rate of the features before the classifier; 0 is off."""
    rand_augment_layers: int = 0
    """Operations of RandAugment applied to each image (Cubuk et al. 2019, arXiv 1909.13719); 0 is off."""
    rand_augment_magnitude: float = 10.0
    """Strength of these operations: 10 is the maximum of that paper's scale; ResNet-RS uses 10 and 15."""
    crop: Literal["padded", "resized"] = "padded"
    """`padded`: random windows of the image, which is padded on each side. `resized`: random windows of many
    sizes and aspect ratios, resized, as for Inception and usual for photographs."""
    crop_padding: float = 0.125
    """Padding of `padded` crops on each side, as a share of the resolution; 0 is off."""
    scale_jitter: float = 0.0
    """For clips with `padded` crops: frames are enlarged by up to this share before a window is cut out
    (Simonyan and Zisserman 2014, arXiv 1409.1556, sec. 3.1). 0 is off; 0.25 stands for 256 to 320 pixels."""
    flip: bool = True
    """Random horizontal flips, if the data set allows them."""

    def __post_init__(self) -> None:
        if self.batch_size < 2:
            raise Refused(
                f"recipe.batch_size={self.batch_size} is too small: batch norm needs at least 2 images."
            )
        if self.batch_size % self.images_per_norm or self.images_per_norm < 2:
            raise Refused(
                f"recipe.norm_batch={self.norm_batch} must be at least 2 and divide "
                f"recipe.batch_size={self.batch_size}."
            )
        if self.learning_rate <= 0:
            raise Refused(f"recipe.learning_rate={self.learning_rate:g} must be positive.")
        shares = ("momentum", "label_smoothing", "ema_decay", "stochastic_depth", "dropout", "crop_padding")
        for name in shares:
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise Refused(f"recipe.{name}={value:g} must be at least 0 and less than 1.")
        if not 0 <= self.scale_jitter <= LARGEST_JITTER:
            raise Refused(f"recipe.scale_jitter={self.scale_jitter:g} must be from 0 to {LARGEST_JITTER}.")
        if self.scale_jitter and self.crop == "resized":
            raise Refused(
                "recipe.scale_jitter is for padded crops, and recipe.crop=resized has windows of many sizes "
                "already: use only one of the two."
            )
        if self.weight_decay < 0:
            raise Refused(f"recipe.weight_decay={self.weight_decay:g} must not be negative.")
        if self.rand_augment_layers < 0:
            raise Refused(f"recipe.rand_augment_layers={self.rand_augment_layers} must not be negative.")
        if not 0 <= self.rand_augment_magnitude <= LARGEST_MAGNITUDE:
            raise Refused(
                f"recipe.rand_augment_magnitude={self.rand_augment_magnitude:g} must be from 0 to "
                f"{LARGEST_MAGNITUDE}."
            )

    @property
    def images_per_norm(self) -> int:
        """Images per norm batch: `norm_batch`, or by default `batch_size`."""
        return self.batch_size if self.norm_batch is None else self.norm_batch

    @property
    def num_moments(self) -> int:
        """Numbers that the optimizer stores per weight; 2 for those of timm, though some store fewer."""
        return 2 if self.optimizer != "sgd" else int(self.momentum > 0)

    @property
    def idle(self) -> Collection[str]:
        """Fields that have no effect, given the values of the others."""
        idle = ["crop" if self.crop == "padded" else "crop_padding"]
        idle += [] if self.rand_augment_layers else ["rand_augment_magnitude"]
        return idle if self.scale_jitter else [*idle, "scale_jitter"]

    def norm_batches_each(self, num_processes: int) -> int:
        """Norm batches per step in each of `num_processes`; Refused if they cannot be shared evenly."""
        number = self.batch_size // self.images_per_norm
        batches = "norm batch" if number == 1 else "norm batches"
        if num_processes < 1 or number % num_processes:
            right = " or ".join(str(other) for other in range(1, number + 1) if number % other == 0)
            raise Refused(
                f"{num_processes} processes cannot share the {number} {batches} of a step evenly "
                f"(recipe.batch_size={self.batch_size}, recipe.norm_batch={self.norm_batch}): "
                f"use {right}, or another recipe.norm_batch."
            )
        return number // num_processes

    @property
    def peak_learning_rate(self) -> float:
        """The learning rate at the end of the warm-up, for this batch size."""
        return self.learning_rate * self.batch_size / 256
