"""A roofline: the time of each layer, for its arithmetic or its memory traffic at the device's peak rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from scaling.errors import Refused
from scaling.models.layer import Block
from scaling.profile.device import Device
from scaling.profile.operation import Operation, Size, Work, operations
from scaling.study.memory import memory_of
from scaling.study.precision import BYTES, Precision
from scaling.study.training_step import TrainingStep


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


def predict(step: TrainingStep, device: Device, work: Work) -> Prediction:
    """Predict a lower bound on the time of a step, or of its forward pass, to compare networks on one device.

    A layer's operations run one after another, and each takes the longer of its arithmetic and its memory
    traffic. Dense convolutions run at the matrix rate, with channels padded to the device's tile; depthwise
    ones run at the vector rate. Calls and the optimizer's update are free. A training step of a `frozen`
    network, which trains only the classifier, counts as inference. Refused for a precision that the device
    lacks.
    """
    if step.precision not in device.matrix_flops:
        known = " or ".join(device.matrix_flops)
        raise Refused(f"precision={step.precision} is not supported by {device.title}: use {known}.")
    one_pass = _Pass(
        device,
        "inference" if step.frozen else work,
        step.precision,
        step.resolution,
        step.frames,
        step.batch_size,
    )
    parts = step.network.parts(step.in_channels, step.num_classes)
    return Prediction(
        step.batch_size,
        [
            LayerTime(f"{part.name}.{layer.name}", *(part.repeats * seconds for seconds in layer[1:]))
            for number, part in enumerate(parts)
            for layer in _block_times(part.block, one_pass, is_first=number == 0)
        ],
    )


def largest_batch(step: TrainingStep, device: Device) -> int:
    """The batch size of `step`, halved until the step fits in the device's memory, as for Table 7."""

    def fits(batch: int) -> bool:
        memory = memory_of(replace(step, batch_size=batch), fused=device.fuses)
        return memory.total <= device.memory_bytes

    batch = step.batch_size
    while batch > 1 and not fits(batch):
        batch //= 2
    return batch


class _Pass(NamedTuple):
    """A pass over a batch on a device: what the times of a block depend on besides its layers."""

    device: Device
    work: Work
    precision: Precision
    resolution: int
    frames: int
    batch_size: int


@lru_cache(maxsize=65536)
def _block_times(block: Block, one_pass: _Pass, *, is_first: bool) -> tuple[LayerTime, ...]:
    """The times of the layers of one block, cached since the networks of a grid have blocks in common."""
    times = []
    for number, layer in enumerate(block.layers()):
        inputs, outputs = (
            grid.positions(one_pass.resolution, one_pass.frames) for grid in (layer.source, layer.at)
        )
        size = Size(one_pass.batch_size, one_pass.batch_size * inputs, one_pass.batch_size * outputs)
        done = operations(layer, size, one_pass.device, one_pass.work, is_first=is_first and number == 0)
        times.append(_timed(layer.name, done, one_pass.device, one_pass.precision))
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
