"""A roofline: the time of each layer, for its arithmetic or its memory traffic at the device's peak rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from scaling.errors import Refused
from scaling.models.layer import Block
from scaling.models.network import Network
from scaling.profile.device import Device
from scaling.profile.operation import Operation, Size, Work, operations
from scaling.study.memory import training_memory
from scaling.study.precision import BYTES, Precision


class LayerTime(NamedTuple):
    """The layers of one name in one part of a network, and the seconds that they take together."""

    name: str
    seconds: float
    arithmetic_seconds: float
    memory_seconds: float


@dataclass(frozen=True)
class Prediction:
    """The predicted time of one batch, by layer."""

    batch_size: int
    layers: Sequence[LayerTime]

    @property
    def seconds(self) -> float:
        """Seconds of one forward pass, or one training step, on a batch."""
        return sum(layer.seconds for layer in self.layers)

    @property
    def seconds_per_image(self) -> float:
        """Seconds per image of the batch."""
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
    frozen: bool = False,
) -> Prediction:
    """Predict a lower bound on the time of one batch, for comparing networks on one device.

    A layer's operations run one after another, and each takes the longer of its arithmetic and its memory
    traffic. Dense convolutions run at the matrix rate, with channels padded to the device's tile; depthwise
    ones run at the vector rate. Calls and the optimizer's update are free. A training step of a `frozen`
    network, which trains only the classifier, counts as inference. Refused for a precision that the device
    lacks.
    """
    if precision not in device.matrix_flops:
        known = " or ".join(device.matrix_flops)
        raise Refused(f"precision={precision} is not supported by {device.title}: use {known}.")
    size = (resolution, frames, batch_size)
    if frozen:
        work = "inference"
    return Prediction(
        batch_size,
        [
            LayerTime(f"{part.name}.{layer.name}", *(part.repeats * seconds for seconds in layer[1:]))
            for number, part in enumerate(network.parts(in_channels, num_classes))
            for layer in _block_times(part.block, device, *size, precision, work, is_first=number == 0)
        ],
    )


def largest_batch(
    network: Network,
    device: Device,
    *,
    resolution: int,
    frames: int = 1,
    in_channels: int = 3,
    num_classes: int = 1000,
    precision: Precision,
    at_most: int,
) -> int:
    """The batch size: `at_most`, halved until a training step fits in the device's memory, as for Table 7."""

    def fits(batch: int) -> bool:
        memory = training_memory(
            network,
            resolution=resolution,
            frames=frames,
            in_channels=in_channels,
            num_classes=num_classes,
            batch_size=batch,
            precision=precision,
            fused=device.fuses,
        )
        return memory.total <= device.memory_bytes

    batch = at_most
    while batch > 1 and not fits(batch):
        batch //= 2
    return batch


@lru_cache(maxsize=65536)
def _block_times(
    block: Block,
    device: Device,
    resolution: int,
    frames: int,
    batch_size: int,
    precision: Precision,
    work: Work,
    *,
    is_first: bool,
) -> tuple[LayerTime, ...]:
    """The times of the layers of one block, cached since the networks of a grid have blocks in common."""
    times = []
    for number, layer in enumerate(block.layers()):
        inputs, outputs = (grid.positions(resolution, frames) for grid in (layer.source, layer.at))
        size = Size(batch_size, batch_size * inputs, batch_size * outputs)
        done = operations(layer, size, device, work, is_first=is_first and number == 0)
        times.append(_timed(layer.name, done, device, precision))
    return tuple(times)


def _timed(name: str, done: Iterable[Operation], device: Device, precision: Precision) -> LayerTime:
    seconds = arithmetic = memory = 0.0
    for operation in done:
        rate = device.matrix_flops[precision] if operation.is_matrix else device.vector_flops
        computing = operation.flops / rate
        moving = operation.elements * BYTES[precision] / device.bandwidth
        seconds += max(computing, moving) / operation.efficiency
        arithmetic += computing
        memory += moving
    return LayerTime(name, seconds, arithmetic, memory)
