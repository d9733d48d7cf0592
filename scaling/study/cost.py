"""The cost of a point before it runs, in closed form over the layers of its network. No torch import."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scaling.study.memory import memory_of
from scaling.study.training_step import TrainingStep


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


def cost_of(step: TrainingStep, *, images_seen: int) -> Cost:
    """Cost of a training of such steps on `images_seen` images in all, repeats counted."""
    one = _of_one(step)
    return Cost(
        params=one.params,
        flops=2 * one.macs,
        activations=one.activations,
        train_flops=(2 * (one.macs + one.classifier_macs) if step.frozen else 6 * one.macs) * images_seen,
        memory_gb=one.memory_gb,
    )


class _OfOne(NamedTuple):
    """The part of the cost that does not depend on how long a point trains."""

    params: int
    macs: int
    classifier_macs: int
    activations: int
    memory_gb: float


@lru_cache(maxsize=65536)
def _of_one(step: TrainingStep) -> _OfOne:
    form, positions = step.form, step.positions
    macs = outputs = 0
    for repeats, block in form.parts:
        for grid, macs_each, outputs_each in block.sums:
            macs += repeats * macs_each * positions[grid]
            outputs += repeats * outputs_each * positions[grid]
    memory = memory_of(step)
    return _OfOne(form.params, macs, form.classifier_macs(positions), outputs, memory.total / 1e9)
