"""The training methods of a study, each a switch with its strength (ResNet-RS, Table 1)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from scaling.errors import Refused

LARGEST_MAGNITUDE = 30
LARGEST_JITTER = 3


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything about training but the network, the data and the length of the run."""

    batch_size: int = 128
    norm_batch: int | None = None
    """Images that batch norm sees at once; None for the whole batch. Gradients accumulate over these
    parts."""
    optimizer: str = "sgd"
    """`sgd` with Nesterov's momentum, or one of timm's by its name, such as `lamb`."""
    learning_rate: float = 0.1
    """Peak learning rate for a batch of 256; it scales linearly with the batch (Goyal et al. 2017)."""
    momentum: float = 0.9
    """Momentum of SGD, and of those of timm's optimizers that have one."""
    weight_decay: float = 4e-5
    """L2 decay of weights; norms and biases are left out."""
    label_smoothing: float = 0.1
    ema_decay: float = 0.9999
    """Decay of the moving average of the weights, which is evaluated; at first (1+n)/(10+n); 0 is off."""
    stochastic_depth: float = 0.0
    """Rate at which an image skips the blocks of the last stage; lower in earlier stages. 0 is off."""
    dropout: float = 0.0
    """Rate of features left out before the classifier; 0 is off."""
    rand_augment_layers: int = 0
    """Operations of RandAugment that each image goes through (Cubuk et al. 2019, 1909.13719); 0 is off."""
    rand_augment_magnitude: float = 10.0
    """Strength of these operations, of which 10 is the most in that paper; ResNet-RS uses 10 and 15."""
    crop: Literal["padded", "resized"] = "padded"
    """Random crops: `padded`, windows of the image padded on each side, or `resized`, Inception's windows of
    many sizes and shapes, usual for photographs."""
    crop_padding: float = 0.125
    """Padding of `padded` crops on each side, as a share of the resolution; 0 is off."""
    scale_jitter: float = 0.0
    """Scale jitter of clips with `padded` crops: frames are enlarged by up to this share before a window is
    cut out (Simonyan and Zisserman 2014, 1409.1556, sec. 3.1); 0 is off, 0.25 is 256 to 320 pixels."""
    flip: bool = True
    """Random mirroring, where the data set allows it."""

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
                "recipe.scale_jitter is of padded crops, and recipe.crop=resized has windows of many sizes "
                "already: use one of them."
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
        """`norm_batch` with its default filled in."""
        return self.batch_size if self.norm_batch is None else self.norm_batch

    @property
    def num_moments(self) -> int:
        """Numbers that the optimizer keeps for each weight; two for timm's optimizers, some of which keep
        fewer."""
        return 2 if self.optimizer != "sgd" else int(self.momentum > 0)

    @property
    def idle(self) -> Collection[str]:
        """Fields that decide nothing, given the values of others."""
        idle = ["crop" if self.crop == "padded" else "crop_padding"]
        idle += [] if self.rand_augment_layers else ["rand_augment_magnitude"]
        return idle if self.scale_jitter else [*idle, "scale_jitter"]

    def norm_batches_each(self, num_processes: int) -> int:
        """Norm batches of a step for each of so many processes; Refused where they cannot be shared
        evenly."""
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
        """The learning rate at the end of the warm-up for this batch."""
        return self.learning_rate * self.batch_size / 256
