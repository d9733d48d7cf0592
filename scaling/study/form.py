"""The form of a network: cost and memory of its blocks per position, so that any input size is priced fast.

Blocks repeat within a network and across the networks of a grid, so each distinct block is analysed once.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from scaling.models.layer import POOLED, Block, Grid, Layer
from scaling.models.network import Network


class BlockForm(NamedTuple):
    """Numbers of one block for one image, in elements or operations per position of a grid."""

    params: int
    sums: tuple[tuple[Grid, int, int], ...]
    """For each grid, multiply-adds and outputs of its convolutions and linear maps."""
    kept: tuple[tuple[Grid, int], ...]
    """For each grid, the channels that PyTorch keeps for the backward pass."""
    kept_fused: tuple[tuple[Grid, int], ...]
    """For each grid, the channels kept by a compiler that recomputes norms and activations."""
    indices: tuple[Grid, int] | None
    """Grid and channels of a max-pool, which keeps the index of each maximum."""
    working: tuple[tuple[int, Grid, int, Grid], ...]
    """Channels and grid of each layer's input and output: both gradients exist while the layer runs."""


class NetworkForm(NamedTuple):
    """The blocks of a network in order, each with its number of repeats, and all grids that occur."""

    params: int
    parts: tuple[tuple[int, BlockForm], ...]
    grids: tuple[Grid, ...]
    classifier: Layer
    """The last layer with weights, which predicts the classes."""

    def classifier_macs(self, positions: Mapping[Grid, int]) -> int:
        """Multiply-adds of the classifier for one image."""
        return self.classifier.weights * positions[self.classifier.at]


@lru_cache(maxsize=8192)
def form_of(network: Network, in_channels: int, num_classes: int) -> NetworkForm:
    """The form of `network`, cached."""
    parts = tuple((part.repeats, _block_form(part.block)) for part in network.parts(in_channels, num_classes))
    grids = {grid: None for _, block in parts for grid, _ in block.kept}
    grids |= {source: None for _, block in parts for _, source, _, _ in block.working}
    params = sum(repeats * block.params for repeats, block in parts)
    *_, head = network.parts(in_channels, num_classes)
    *_, classifier = (layer for layer in head.block.layers() if layer.weights)
    return NetworkForm(params, parts, tuple(grids), classifier)


@lru_cache(maxsize=8192)
def _block_form(block: Block) -> BlockForm:
    macs: dict[Grid, int] = {}
    outputs: dict[Grid, int] = {}
    kept: dict[Grid, int] = {}
    fused: dict[Grid, int] = {}
    widest: dict[tuple[Grid, Grid], tuple[int, int]] = {}
    indices = None
    params = 0
    for layer in block.layers():
        at, channels, weights = layer.at, layer.out_channels, layer.weights
        params += layer.params
        if weights:
            macs[at] = macs.get(at, 0) + weights
            outputs[at] = outputs.get(at, 0) + channels
        kept[at] = kept.get(at, 0) + kept_tensors(layer) * channels
        fused[at] = fused.get(at, 0) + kept_if_fused(layer) * channels
        if keeps_indices(layer):
            indices = (at, channels)
        grids = (layer.source, at)
        widest[grids] = max(widest.get(grids, (0, 0)), (layer.in_channels, channels), key=sum)
    return BlockForm(
        params,
        tuple((at, macs[at], outputs[at]) for at in macs),
        tuple(kept.items()),
        tuple(fused.items()),
        indices,
        _undominated([(before, source, after, at) for (source, at), (before, after) in widest.items()]),
    )


_Working = tuple[int, Grid, int, Grid]


def _undominated(layers: list[_Working]) -> tuple[_Working, ...]:
    """The layers that can be the largest at some input size: without those that another always covers."""

    def below(one: _Working, other: _Working) -> bool:
        grids = ((one[1], other[1]), (one[3], other[3]))
        fits = all(mine in (its, POOLED) for mine, its in grids)
        return fits and one[0] <= other[0] and one[2] <= other[2]

    return tuple(one for one in layers if not any(below(one, other) for other in layers if other != one))


def kept_tensors(layer: Layer) -> int:
    """Tensors of the layer's output size that PyTorch keeps for its backward pass.

    A norm keeps the output of the convolution; the next layer keeps the output of the norm (or of an
    in-place ReLU); an in-place SiLU also keeps a copy of its input. A tensor that is only added to another
    is not kept. For upsampled logits, the loss keeps their log-softmax. The indices of a max-pool are counted
    separately.
    """
    silu = layer.activation == "silu"
    match layer.kind:
        case "conv":
            return layer.norm + (not layer.summed) + silu
        case "add":
            return int(silu)
        case "pool" | "gate" | "linear" | "upsample":
            return 1


def keeps_indices(layer: Layer) -> bool:
    """Whether the layer is a max-pool, which keeps the index of each maximum in 64 bits."""
    return layer.kind == "pool" and layer.kernel == 3


def kept_if_fused(layer: Layer) -> int:
    """Tensors of the layer's output size that a compiler keeps if it recomputes all but convolutions and
    sums."""
    return int(layer.kind != "gate")
