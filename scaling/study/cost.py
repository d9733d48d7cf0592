"""What a point costs before it runs: closed forms over the layers of its network. No torch import."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scaling.models.layer import Block, Grid
from scaling.models.network import Network


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Costs known from the block list alone."""

    params: int
    """Trainable parameters."""
    flops: int
    """2 x multiply-adds of one forward pass on one image in convolutions and linear layers (the paper's)."""
    activations: int
    """Outputs of all convolutions and linear layers for one image (Radosavovic et al. 2020, sec. 3)."""
    train_flops: int
    """3 x flops x images seen: a backward pass costs about two forward passes."""


class _PerGrid(NamedTuple):
    """What some layers cost for each position of a grid, parameters once."""

    grid: Grid
    macs: int
    outputs: int
    params: int


def cost_of(
    network: Network,
    *,
    resolution: int,
    frames: int = 1,
    in_channels: int,
    num_classes: int,
    images_seen: int,
) -> Cost:
    """Sum the layers of `network` on square images of `resolution` pixels, or clips of `frames` of them."""
    macs = outputs = params = 0
    for each in _network_sums(network, in_channels, num_classes):
        positions = each.grid.positions(resolution, frames)
        macs += each.macs * positions
        outputs += each.outputs * positions
        params += each.params
    return Cost(params=params, flops=2 * macs, activations=outputs, train_flops=6 * macs * images_seen)


@lru_cache(maxsize=4096)
def _network_sums(network: Network, in_channels: int, num_classes: int) -> tuple[_PerGrid, ...]:
    sums: dict[Grid, _PerGrid] = {}
    for part in network.parts(in_channels, num_classes):
        for grid, macs, outputs, params in _block_sums(part.block):
            before = sums.get(grid) or _PerGrid(grid, 0, 0, 0)
            sums[grid] = _PerGrid(
                grid,
                before.macs + part.repeats * macs,
                before.outputs + part.repeats * outputs,
                before.params + part.repeats * params,
            )
    return tuple(sums.values())


@lru_cache(maxsize=4096)
def _block_sums(block: Block) -> tuple[_PerGrid, ...]:
    """Kept for each block: the networks of a grid have few blocks that differ."""
    layers = [layer for layer in block.layers() if layer.weights]
    return tuple(
        _PerGrid(
            grid,
            sum(layer.weights for layer in layers if layer.at == grid),
            sum(layer.out_channels for layer in layers if layer.at == grid),
            sum(layer.params for layer in layers if layer.at == grid),
        )
        for grid in {layer.at: None for layer in layers}
    )
