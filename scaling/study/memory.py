"""Peak memory of a training step, from the tensors that the backward pass needs. No torch import."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.study.form import BlockForm
from scaling.study.precision import BYTES
from scaling.study.training_step import TrainingStep

_WEIGHT_BYTES = 4
"""Weights, gradients, momentum and average are kept in fp32 at every precision."""

_INDEX_BYTES = 8
"""Bytes of the index that a max-pool keeps for each maximum."""

MALLOC_FACTOR = 1.17
"""Resident memory of a CPU process per byte of tensors, as glibc holds on to freed blocks. Median over 16
networks of all families on Linux, range 1.06 to 1.43 (1.21 on 16 others); with a separate memory map for each
tensor the factor was 1.03."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes by purpose, at the memory peak of a training step."""

    weights: int
    """Parameters and their copies in lower precision."""
    optimizer: int
    """Momentum and the average of the weights."""
    gradients: int
    """Gradients of the parameters that exist at that moment."""
    activations: int
    """Tensors still kept for the backward pass, and those of the layer being computed."""

    @property
    def total(self) -> int:
        """Sum of all bytes."""
        return self.weights + self.optimizer + self.gradients + self.activations


def memory_of(step: TrainingStep, *, fused: bool = False) -> Memory:
    """Bytes of the tensors at the memory peak of a training step.

    `fused` is for compilers that recompute norms and activations rather than keep them. The peak is in the
    backward pass, where activations are freed as gradients appear, or in the update, which copies the
    gradients. In a frozen network, it is at the largest layer or at the end.
    """
    params = step.form.params
    trained = step.form.classifier.params if step.frozen else params
    if step.frozen:
        gradients, activations = _WEIGHT_BYTES * trained, _largest(step)
    else:
        gradients, activations = _fullest(step, fused=fused)
    in_update = 2 * _WEIGHT_BYTES * trained
    if in_update > gradients + activations:
        gradients, activations = in_update, 0
    return Memory(
        weights=params * (_WEIGHT_BYTES + (BYTES["bf16"] if step.precision == "bf16" else 0)),
        optimizer=_WEIGHT_BYTES * (trained * step.num_moments + params * step.average),
        gradients=gradients,
        activations=activations,
    )


def _fullest(step: TrainingStep, *, fused: bool) -> tuple[int, int]:
    """Bytes of gradients and of activations at the peak of the backward pass."""
    parts = step.form.parts
    held = [_held(block, step, fused=fused) for _, block in parts]
    left = step.elements * BYTES[step.precision] + sum(
        repeats * kept for (repeats, _), (kept, _) in zip(parts, held, strict=True)
    )
    params, fullest = 0, (0, 0)
    for (repeats, block), (kept, working) in zip(reversed(parts), reversed(held), strict=True):
        for done in (0, repeats - 1) if repeats > 1 else (0,):  # both change linearly in between
            gradients = _WEIGHT_BYTES * (params + (done + 1) * block.params)
            activations = step.batch_size * (left - done * kept + working)
            if gradients + activations > fullest[0] + fullest[1]:
                fullest = gradients, activations
        params += repeats * block.params
        left -= repeats * kept
    return fullest


def _largest(step: TrainingStep) -> int:
    """Bytes of images and of the largest layer's input and output; only the last block keeps activations."""
    held = [_held(block, step, fused=False) for _, block in step.form.parts]
    images = step.elements * BYTES[step.precision]
    return step.batch_size * (images + max(sum(held[-1]), *(working for _, working in held)))


def _held(block: BlockForm, step: TrainingStep, *, fused: bool) -> tuple[int, int]:
    """Bytes that a block keeps for one image, and bytes of the gradients around its largest layer."""
    positions, bytes_each = step.positions, BYTES[step.precision]
    kept = working = 0
    for grid, channels in block.kept_fused if fused else block.kept:
        kept += channels * positions[grid]
    for before, source, after, at in block.working:
        around = before * positions[source] + after * positions[at]
        if around > working:
            working = around
    kept *= bytes_each
    if block.indices and not fused:
        grid, channels = block.indices
        kept += _INDEX_BYTES * channels * positions[grid]
    return kept, working * bytes_each
