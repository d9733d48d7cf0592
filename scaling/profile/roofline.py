"""A roofline: the time of each layer as its arithmetic or its memory traffic at the device's peak rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, prod
from typing import Literal, NamedTuple

from scaling.errors import Refused
from scaling.models.layer import PIXELS, Grid, Layer
from scaling.models.network import Network
from scaling.profile.devices import Device
from scaling.study.memory import training_memory
from scaling.study.precision import BYTES, Precision

Work = Literal["inference", "training"]
Sizes = Callable[[Grid], int]
"""Positions of a grid at the resolution in question."""

# Tensors of a layer's output size that move besides the operands of a convolution: (forward, backward).
_EAGER = {
    # Each operation reads and writes memory. A norm in training reads twice, for its statistics and to
    # apply them, and writes; backward it reads input and gradient twice and writes. An activation reads and
    # writes; backward it reads output and gradient and writes. A gate reads and writes; backward it reads
    # input and gradient, writes, and sums up its own gradient. A sum reads two; backward, two gradients meet.
    "norm": (3, 5),
    "activation": (2, 3),
    "gate": (2, 4),
    "add": (3, 3),
}
_FUSED = {
    # Element by element work rides along in the convolutions beside it. What remains: a norm's reduction
    # must end before it is applied, so backward input and gradient are read once more, and applying it reads
    # the input in both gradient convolutions; a gate's gradient is a reduction; a sum reads the shortcut.
    "norm": (0, 4),
    "activation": (0, 0),
    "gate": (0, 1),
    "add": (1, 1),
}


class LayerTime(NamedTuple):
    """The layers of one name in one part of a network, and the seconds that all of them take."""

    name: str
    seconds: float
    arithmetic_seconds: float
    memory_seconds: float


@dataclass(frozen=True)
class Prediction:
    """Seconds for one batch, and which layers take them."""

    batch_size: int
    layers: Sequence[LayerTime]

    @property
    def seconds(self) -> float:
        """One forward pass, or one training step, on a batch."""
        return sum(layer.seconds for layer in self.layers)

    @property
    def seconds_per_image(self) -> float:
        """The same for each image of the batch."""
        return self.seconds / self.batch_size


def predict(
    network: Network,
    device: Device,
    *,
    resolution: int,
    frames: int = 1,
    in_channels: int = 3,
    num_classes: int = 1000,
    batch_size: int,
    precision: Precision,
    work: Work,
) -> Prediction:
    """Peak rates: a bound from below, meant for comparing networks on one device.

    A layer's operations follow one another; each takes the longer of its arithmetic and its traffic.
    Dense convolutions run at the matrix rate with channels padded to the device's tile, depthwise ones at
    the vector rate. Calls and the optimizer's update cost nothing. Refused for a precision it lacks.
    """
    if precision not in device.matrix_flops:
        known = " or ".join(device.matrix_flops)
        raise Refused(f"precision={precision} is not done by {device.title}: use {known}.")
    operations = partial(
        _operations,
        device=device,
        batch=batch_size,
        work=work,
        size=lambda grid: grid.positions(resolution, frames),
    )
    return Prediction(
        batch_size,
        [
            _timed(f"{part.name}.{layer.name}", part.repeats, operations(layer), device, precision)
            for part in network.parts(in_channels, num_classes)
            for layer in part.block.layers()
        ],
    )


def largest_batch(
    network: Network, device: Device, *, resolution: int, precision: Precision, at_most: int
) -> int:
    """`at_most`, halved until a training step fits in the device's memory, as the paper does for Table 7."""
    batch = at_most
    while batch > 1 and _step_bytes(network, device, resolution, precision, batch) > device.memory_bytes:
        batch //= 2
    return batch


def _step_bytes(network: Network, device: Device, resolution: int, precision: Precision, batch: int) -> int:
    return training_memory(
        network,
        resolution=resolution,
        in_channels=3,
        num_classes=1000,
        batch_size=batch,
        precision=precision,
        fused=device.fuses,
    ).total


class _Operation(NamedTuple):
    """One pass over some tensors."""

    flops: float
    is_matrix: bool
    elements: float
    """Read and written."""
    efficiency: float = 1.0
    """Share of the roofline that it attains."""


def _timed(
    name: str, count: int, operations: Iterator[_Operation], device: Device, precision: Precision
) -> LayerTime:
    seconds = arithmetic = memory = 0.0
    for operation in operations:
        rate = device.matrix_flops[precision] if operation.is_matrix else device.vector_flops
        computing = operation.flops / rate
        moving = operation.elements * BYTES[precision] / device.bandwidth
        seconds += max(computing, moving) / operation.efficiency
        arithmetic += computing
        memory += moving
    return LayerTime(name, count * seconds, count * arithmetic, count * memory)


def _operations(layer: Layer, *, device: Device, batch: int, work: Work, size: Sizes) -> Iterator[_Operation]:
    training = work == "training"
    inputs = batch * size(layer.source) * _padded_channels(layer.in_channels, batch, device)
    outputs = batch * size(layer.at) * _padded_channels(layer.out_channels, batch, device)
    moved = _FUSED if device.fuses else _EAGER
    if layer.kind in ("conv", "linear"):
        yield from _convolutions(layer, device, batch * size(layer.at), inputs + outputs, training)
    elif layer.kind == "pool":
        yield _Operation(0, False, (inputs + outputs) * (2 if training else 1))
    extra: list[str] = [layer.kind] if layer.kind in moved else []
    extra += ["norm"] if layer.norm else []
    extra += ["activation"] if layer.activation else []
    for what in extra:
        forward, backward = moved[what]
        if what == "norm" and not training:
            forward = min(forward, 2)  # statistics are known
        yield _Operation(0, False, forward * outputs)
        if training:
            yield _Operation(0, False, backward * outputs)


def _convolutions(
    layer: Layer, device: Device, positions: int, operands: float, training: bool
) -> Iterator[_Operation]:
    """Forward; in training also the gradient of the weights and, but in the first layer, of the input."""
    is_matrix = layer.groups == 1
    efficiency = 1.0 if is_matrix else device.depthwise_efficiency
    channels = (layer.in_channels, layer.out_channels) if is_matrix else ()
    padding = prod(ceil(each / device.tile) * device.tile / each for each in channels)
    passes = (2 if layer.source == PIXELS else 3) if training else 1
    for _ in range(passes):
        flops = 2 * layer.weights * positions * padding
        yield _Operation(flops, is_matrix, operands + layer.weights, efficiency)


def _padded_channels(channels: int, batch: int, device: Device) -> float:
    """Channels that a tensor takes up in memory, for each image of the batch."""
    short, long = device.layout

    def area(batch_tile: int, channel_tile: int) -> int:
        return ceil(batch / batch_tile) * batch_tile * ceil(channels / channel_tile) * channel_tile

    return min(area(short, long), area(long, short)) / batch
