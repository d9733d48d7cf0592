"""Peak memory of a training step, from the tensors that the backward pass needs. No torch import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scaling.models.layer import Grid
from scaling.models.network import Network
from scaling.study.form import BlockForm, NetworkForm, form_of
from scaling.study.precision import BYTES, Precision

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


def training_memory(
    network: Network,
    *,
    resolution: int,
    frames: int = 1,
    in_channels: int,
    num_classes: int,
    batch_size: int,
    precision: Precision,
    num_moments: int = 1,
    average: bool = True,
    frozen: bool = False,
    fused: bool = False,
) -> Memory:
    """Bytes of the tensors at the memory peak of a step on `batch_size` images that are normalised together.

    `batch_size` is the part of a batch that passes through the network at once; `fused` is for compilers that
    recompute norms and activations rather than keep them. The peak is in the backward pass, where activations
    are freed as gradients appear, or in the update, which copies the gradients. In a `frozen` network, of
    which only the classifier is trained, it is at the largest layer or at the end.
    """
    form = form_of(network, in_channels, num_classes)
    return memory_of(
        form,
        {grid: grid.positions(resolution, frames) for grid in form.grids},
        images=in_channels * resolution**2 * frames,
        batch_size=batch_size,
        precision=precision,
        num_moments=num_moments,
        average=average,
        frozen=frozen,
        fused=fused,
    )


def memory_of(
    form: NetworkForm,
    positions: Mapping[Grid, int],
    *,
    images: int,
    batch_size: int,
    precision: Precision,
    num_moments: int,
    average: bool,
    frozen: bool = False,
    fused: bool = False,
) -> Memory:
    """The same for a form whose grids have `positions`, and images of `images` elements each."""
    bytes_each, trained = BYTES[precision], form.classifier.params if frozen else form.params
    if frozen:
        gradients = _WEIGHT_BYTES * trained
        activations = _largest(form, positions, images, batch_size, bytes_each)
    else:
        gradients, activations = _fullest(form, positions, images, batch_size, bytes_each, fused)
    in_update = 2 * _WEIGHT_BYTES * trained
    if in_update > gradients + activations:
        gradients, activations = in_update, 0
    return Memory(
        weights=form.params * (_WEIGHT_BYTES + (BYTES[precision] if precision == "bf16" else 0)),
        optimizer=_WEIGHT_BYTES * (trained * num_moments + form.params * average),
        gradients=gradients,
        activations=activations,
    )


def _fullest(
    form: NetworkForm, positions: Mapping[Grid, int], images: int, batch: int, bytes_each: int, fused: bool
) -> tuple[int, int]:
    """Bytes of gradients and of activations at the peak of the backward pass."""
    held = [_held(block, positions, bytes_each, fused) for _, block in form.parts]
    left = images * bytes_each + sum(
        repeats * kept for (repeats, _), (kept, _) in zip(form.parts, held, strict=True)
    )
    params, fullest = 0, (0, 0)
    for (repeats, block), (kept, working) in zip(reversed(form.parts), reversed(held), strict=True):
        for done in (0, repeats - 1) if repeats > 1 else (0,):  # both change linearly in between
            gradients = _WEIGHT_BYTES * (params + (done + 1) * block.params)
            activations = batch * (left - done * kept + working)
            if gradients + activations > fullest[0] + fullest[1]:
                fullest = gradients, activations
        params += repeats * block.params
        left -= repeats * kept
    return fullest


def _largest(
    form: NetworkForm, positions: Mapping[Grid, int], images: int, batch: int, bytes_each: int
) -> int:
    """Bytes of images and of the largest layer's input and output; only the last block keeps activations."""
    held = [_held(block, positions, bytes_each, False) for _, block in form.parts]
    return batch * (images * bytes_each + max(sum(held[-1]), *(working for _, working in held)))


def _held(block: BlockForm, positions: Mapping[Grid, int], bytes_each: int, fused: bool) -> tuple[int, int]:
    """Bytes that a block keeps for one image, and bytes of the gradients around its largest layer."""
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
