"""Peak memory of a training step, from the tensors that the backward pass needs. No torch import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scaling.models.layer import Block, Grid, Layer
from scaling.models.network import Network
from scaling.study.precision import BYTES, Precision

_WEIGHT_BYTES = 4
"""Weights, gradients, momentum and average are kept in fp32, whatever the precision of the passes."""

MALLOC_FACTOR = 1.17
"""Resident memory of a CPU process for each byte of tensors: glibc keeps what was freed in between. Median of
16 networks of all families, 1.06 to 1.43, on Linux; with every tensor mapped by itself it was 1.03."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes by what holds them, at the fullest moment of a step."""

    weights: int
    """Parameters, and their copies in lower precision."""
    optimizer: int
    """Momentum and the average of the weights."""
    gradients: int
    """Of the parameters, as far as they exist at that moment."""
    activations: int
    """Kept for the backward pass, as far as still needed, and the layer that is being worked on."""

    @property
    def total(self) -> int:
        """All of it."""
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
    momentum: bool = True,
    average: bool = True,
    fused: bool = False,
) -> Memory:
    """Tensors alive at the fullest moment of a step on `batch_size` images that are normalised together.

    `batch_size` is the part of a batch that goes through the network at once; `fused` is for compilers that
    compute norms and activations anew rather than keep them. The fullest moment is in the backward pass,
    where activations go as gradients come, or in the update, which makes a copy of the gradients.
    """
    form = _network_form(network, in_channels, num_classes, fused)
    positions = {grid: grid.positions(resolution, frames) for grid in form.grids}
    fullest = _fullest(form, positions, BYTES[precision] * batch_size, in_channels * resolution**2 * frames)
    update = (2 * _WEIGHT_BYTES * form.params, 0)
    gradients, activations = max(fullest, update, key=sum)
    return Memory(
        weights=form.params * (_WEIGHT_BYTES + (BYTES[precision] if precision != "fp32" else 0)),
        optimizer=_WEIGHT_BYTES * form.params * (momentum + average),
        gradients=gradients,
        activations=activations,
    )


class _BlockForm(NamedTuple):
    """What a block holds for one image at any resolution, in elements a position."""

    params: int
    kept: tuple[tuple[Grid, int], ...]
    working: tuple[tuple[int, Grid, int, Grid], ...]
    """Inputs and outputs of its layers: the two gradients that exist while one is worked on."""


class _NetworkForm(NamedTuple):
    params: int
    parts: tuple[tuple[int, _BlockForm], ...]
    """Counts and blocks, the last first."""
    grids: frozenset[Grid]


def _fullest(
    form: _NetworkForm, positions: Mapping[Grid, int], bytes_each: int, images: int
) -> tuple[int, int]:
    """Bytes of gradients and of activations at the fullest moment of the backward pass."""
    held = [
        (
            count,
            block.params,
            sum(channels * positions[grid] for grid, channels in block.kept),
            max(
                before * positions[source] + after * positions[at]
                for before, source, after, at in block.working
            ),
        )
        for count, block in form.parts
    ]
    left = images + sum(count * kept for count, _, kept, _ in held)
    gradients, fullest = 0, (0, 0)
    for count, params, kept, working in held:
        for done in (0, count - 1):  # in between both change linearly
            now = (
                _WEIGHT_BYTES * (gradients + (done + 1) * params),
                bytes_each * (left - done * kept + working),
            )
            fullest = max(fullest, now, key=sum)
        gradients += count * params
        left -= count * kept
    return fullest


@lru_cache(maxsize=4096)
def _network_form(network: Network, in_channels: int, num_classes: int, fused: bool) -> _NetworkForm:
    parts = tuple(
        (part.repeats, _block_form(part.block, fused)) for part in network.parts(in_channels, num_classes)
    )
    grids = {grid for _, block in parts for grid, _ in block.kept}
    grids |= {source for _, block in parts for _, source, _, _ in block.working}
    return _NetworkForm(sum(count * block.params for count, block in parts), parts[::-1], frozenset(grids))


@lru_cache(maxsize=4096)
def _block_form(block: Block, fused: bool) -> _BlockForm:
    kept: dict[Grid, int] = {}
    widest: dict[tuple[Grid, Grid], tuple[int, int]] = {}
    params = 0
    for layer in block.layers():
        params += layer.params
        tensors = kept_if_fused(layer) if fused else kept_tensors(layer)
        kept[layer.at] = kept.get(layer.at, 0) + tensors * layer.out_channels
        widths = (layer.in_channels, layer.out_channels)
        grids = (layer.source, layer.at)
        widest[grids] = max(widest.get(grids, (0, 0)), widths, key=sum)
    working = tuple((before, source, after, at) for (source, at), (before, after) in widest.items())
    return _BlockForm(params, tuple(kept.items()), working)


def kept_tensors(layer: Layer) -> int:
    """Tensors of the layer's output size that PyTorch keeps for its backward pass.

    A norm keeps the convolution's output; the next layer keeps what the norm (or an in-place ReLU) put
    out; an in-place SiLU keeps a copy of its input besides. What is only added to another tensor is not kept.
    A max-pool keeps 64-bit indices, two fp32 tensors.
    """
    silu = layer.activation == "silu"
    match layer.kind:
        case "conv":
            return layer.norm + (not layer.summed) + silu
        case "pool":
            return 3 if layer.kernel == 3 else 1
        case "add":
            return int(silu)
        case "gate" | "linear":
            return 1


def kept_if_fused(layer: Layer) -> int:
    """The same for a compiler that keeps what convolutions and sums put out, and computes the rest anew."""
    return int(layer.kind != "gate")
