"""The operations of a layer: the arithmetic and memory traffic of its forward and backward passes."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, prod
from typing import Literal, NamedTuple

from scaling.models.layer import Layer
from scaling.profile.device import Device

Work = Literal["inference", "training"]

# Tensors of a layer's output size read and written, without operands of convolutions: (forward, backward).
_EAGER = {
    # Each operation reads and writes memory. In training, a norm reads its input twice, for the statistics
    # and to apply them, and writes; backward it reads input and gradient twice and writes. An activation
    # reads and writes; backward it reads output and gradient and writes. A gate reads and writes; backward it
    # reads input and gradient, writes, and reduces its own gradient. A sum reads two tensors; backward, two
    # gradients are added.
    "norm": (3, 5),
    "activation": (2, 3),
    "gate": (2, 4),
    "add": (3, 3),
}
_FUSED = {
    # Elementwise work is fused with the neighbouring convolutions. What remains: the reduction of a norm must
    # end before it is applied, so input and gradient are read once more in the backward pass, and applying it
    # reads the input in both gradient convolutions; the gradient of a gate is a reduction; a sum reads the
    # shortcut.
    "norm": (0, 4),
    "activation": (0, 0),
    "gate": (0, 1),
    "add": (1, 1),
}


class Operation(NamedTuple):
    """One pass over some tensors of a batch."""

    elements: float
    """Number of elements read and written."""
    flops: float = 0.0
    is_matrix: bool = False
    """Whether it runs on the matrix unit."""
    efficiency: float = 1.0
    """Share of the roofline that the operation attains."""


class Size(NamedTuple):
    """Numbers of positions of a layer's input and output, over all images of a batch."""

    batch: int
    inputs: int
    outputs: int


def operations(
    layer: Layer, size: Size, device: Device, work: Work, *, is_first: bool
) -> Iterator[Operation]:
    """All operations of a layer; the first layer of a network computes no gradient of its input."""
    training = work == "training"
    inputs = size.inputs * _padded_channels(layer.in_channels, size.batch, device)
    outputs = size.outputs * _padded_channels(layer.out_channels, size.batch, device)
    if layer.kind in ("conv", "linear"):
        passes = (2 if is_first else 3) if training else 1
        yield from [_convolution(layer, size, device, inputs + outputs)] * passes
    elif layer.kind in ("pool", "upsample"):
        yield from [Operation(inputs + outputs)] * (2 if training else 1)
    moved = _FUSED if device.fuses else _EAGER
    for what in _beside(layer):
        forward, backward = moved[what]
        if what == "norm" and not training:
            forward = min(forward, 2)  # it does not compute statistics
        yield Operation(forward * outputs)
        if training:
            yield Operation(backward * outputs)


def _beside(layer: Layer) -> list[str]:
    """The elementwise operations of a layer."""
    own = [layer.kind] if layer.kind in ("gate", "add") else []
    return [*own, *(["norm"] if layer.norm else []), *(["activation"] if layer.activation else [])]


def _convolution(layer: Layer, size: Size, device: Device, operands: float) -> Operation:
    """One pass of a convolution; the output and the gradients of weights and input take equal arithmetic."""
    is_matrix = layer.groups == 1
    channels = (layer.in_channels, layer.out_channels) if is_matrix else ()
    padding = prod(ceil(each / device.tile) * device.tile / each for each in channels)
    return Operation(
        elements=operands + layer.weights,
        flops=2 * layer.weights * size.outputs * padding,
        is_matrix=is_matrix,
        efficiency=1.0 if is_matrix else device.depthwise_efficiency,
    )


def _padded_channels(channels: int, batch: int, device: Device) -> float:
    """Channels per image that a tensor takes up in memory, with padding."""
    short, long = device.layout

    def area(batch_tile: int, channel_tile: int) -> int:
        return ceil(batch / batch_tile) * batch_tile * ceil(channels / channel_tile) * channel_tile

    return min(area(short, long), area(long, short)) / batch
