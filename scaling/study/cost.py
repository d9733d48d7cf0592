"""The cost of a point before it runs, in closed form over the layers of its network. No torch import."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scaling.models.network import Network
from scaling.study.form import form_of
from scaling.study.memory import memory_of
from scaling.study.precision import Precision


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Costs that follow from the block list alone."""

    params: int
    """Trainable parameters."""
    flops: int
    """2 x multiply-adds of convolutions and linear layers in a forward pass on one image, as in the paper."""
    activations: int
    """Outputs of all convolutions and linear layers for one image (Radosavovic et al. 2020, sec. 3)."""
    train_flops: int
    """3 x flops x images seen: a backward pass costs about two forward passes. If only the classifier is
    trained, (flops + those of the gradient of its weights) x images seen."""
    memory_gb: float
    """Peak size of the tensors in a training step, in 1e9 bytes; `memory.py` says which tensors count."""


def cost_of(
    network: Network,
    *,
    resolution: int,
    frames: int = 1,
    in_channels: int,
    num_classes: int,
    images_seen: int,
    batch_size: int = 128,
    precision: Precision = "fp32",
    num_moments: int = 1,
    average: bool = True,
    frozen: bool = False,
) -> Cost:
    """Cost of `network` on square images of `resolution` pixels a side, or on clips of `frames` such images.

    `batch_size` images are in the network at once in training; the optimizer keeps `num_moments` values for
    each weight; `average` says whether a running average of the weights is kept; in a `frozen` network only
    the classifier is trained.
    """
    one = _of_a_step(
        network,
        resolution,
        frames,
        in_channels,
        num_classes,
        batch_size,
        precision,
        num_moments,
        average,
        frozen,
    )
    return Cost(
        params=one.params,
        flops=2 * one.macs,
        activations=one.activations,
        train_flops=(2 * (one.macs + one.classifier_macs) if frozen else 6 * one.macs) * images_seen,
        memory_gb=one.memory_gb,
    )


class _Step(NamedTuple):
    """The part of the cost that does not depend on how long a point trains."""

    params: int
    macs: int
    classifier_macs: int
    activations: int
    memory_gb: float


@lru_cache(maxsize=65536)
def _of_a_step(
    network: Network,
    resolution: int,
    frames: int,
    in_channels: int,
    num_classes: int,
    batch_size: int,
    precision: Precision,
    num_moments: int,
    average: bool,
    frozen: bool,
) -> _Step:
    form = form_of(network, in_channels, num_classes)
    positions = {grid: grid.positions(resolution, frames) for grid in form.grids}
    macs = outputs = 0
    for repeats, block in form.parts:
        for grid, macs_each, outputs_each in block.sums:
            macs += repeats * macs_each * positions[grid]
            outputs += repeats * outputs_each * positions[grid]
    memory = memory_of(
        form,
        positions,
        images=in_channels * resolution**2 * frames,
        batch_size=batch_size,
        precision=precision,
        num_moments=num_moments,
        average=average,
        frozen=frozen,
    )
    return _Step(form.params, macs, form.classifier_macs(positions), outputs, memory.total / 1e9)
