"""Comparison of our costs, memory and predicted times with those printed in the paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import correlation, median

from scaling.profile.devices import DEVICES
from scaling.published.calibrate import depthwise_efficiency, predicted_latency
from scaling.published.resnet_rs import EQUAL_ACCURACY, MEMORY_GB, GridCell, Published, grid
from scaling.study.cost import Cost, cost_of
from scaling.study.memory import memory_of
from scaling.study.precision import Precision
from scaling.study.training_step import TrainingStep

MEASURED: tuple[tuple[str, Precision], ...] = (("v100", "fp32"), ("tpu_v3", "bf16"))
"""The devices of Table 7, and the precision that the paper used on each."""


HELD_OUT = frozenset(title for pair in EQUAL_ACCURACY for title in pair)
"""The networks whose speed-ups are reported, and which calibration must not use."""


@dataclass(frozen=True)
class Compared:
    """The published and our value of one quantity of one network."""

    name: str
    published: float
    ours: float

    @property
    def error(self) -> float:
        """Relative error: our value over the published one, minus 1."""
        return self.ours / self.published - 1


@dataclass(frozen=True)
class Speed:
    """Predicted and published times on a device."""

    device: str
    depthwise_efficiency: float
    latencies: Sequence[Compared]
    """Seconds for 1,024 images. Only ratios are meaningful, since it is not certain what the paper timed."""
    speedups: Sequence[Compared]
    """Speed-ups of ResNet-RS over the EfficientNet of equal accuracy."""

    @property
    def rank_correlation(self) -> float:
        """Spearman's rank correlation of the latencies over all networks."""
        return _rank_correlation(self.latencies)

    @property
    def rank_correlation_held_out(self) -> float:
        """Spearman's rank correlation over the networks that calibration does not use."""
        return _rank_correlation([each for each in self.latencies if each.name in HELD_OUT])

    @property
    def median_error(self) -> float:
        """Median absolute error of the speed-ups."""
        return median(abs(each.error) for each in self.speedups)


def params(rows: Sequence[Published]) -> list[Compared]:
    """Numbers of parameters in millions."""
    return [Compared(row.title, float(row.params_m), _cost(row).params / 1e6) for row in rows]


def flops(rows: Sequence[Published]) -> list[Compared]:
    """FLOPs of one forward pass on one image, in 1e9."""
    return [Compared(row.title, float(row.flops_b), _cost(row).flops / 1e9) for row in rows]


def grid_flops(*, plotted: bool = False) -> list[Compared]:
    """FLOPs of the networks of the paper's grid, against those computed by others, or read off Figure 2."""
    return [
        Compared(
            f"d{cell.depth} w{cell.width:g}@{cell.resolution}",
            cell.flops_plotted if plotted else cell.flops,
            _cost(cell).flops,
        )
        for cell in grid()
        if not (plotted and math.isnan(cell.flops_plotted))
    ]


def memory(rows: Sequence[Published], *, fused: bool) -> list[Compared]:
    """Memory of a training step on 32 images in bf16, in 1e9 bytes."""
    kept = [row for row in rows if row.title in MEMORY_GB]
    steps = [replace(_imagenet_step(row), batch_size=32, precision="bf16") for row in kept]
    ours = [memory_of(step, fused=fused).total / 1e9 for step in steps]
    return [Compared(row.title, MEMORY_GB[row.title], gb) for row, gb in zip(kept, ours, strict=True)]


def speed(rows: Sequence[Published], device: str, precision: Precision, efficiency: float) -> Speed:
    """Predictions for `device` if depthwise convolutions attain `efficiency` of the roofline."""
    specified = replace(DEVICES[device], depthwise_efficiency=efficiency)
    ours = {row.title: predicted_latency(row, specified, precision) for row in rows}
    published = {row.title: row.latency[device] for row in rows}
    return Speed(
        device,
        efficiency,
        [Compared(title, published[title], ours[title]) for title in ours],
        [
            Compared(f"{fast} over {slow}", published[slow] / published[fast], ours[slow] / ours[fast])
            for fast, slow in EQUAL_ACCURACY
        ],
    )


def calibrated(rows: Sequence[Published], device: str, precision: Precision) -> float:
    """The depthwise efficiency fitted to the rows of Table 7 for which no speed-up is reported."""
    others = [row for row in rows if row.title not in HELD_OUT]
    return depthwise_efficiency(others, lambda row: row.latency[device], DEVICES[device], precision)


def _cost(network: Published | GridCell) -> Cost:
    """The cost of a network on one image of ImageNet."""
    return cost_of(_imagenet_step(network), images_seen=1)


def _imagenet_step(network: Published | GridCell) -> TrainingStep:
    return TrainingStep(
        network=network.network, resolution=network.resolution, in_channels=3, num_classes=1000
    )


def _rank_correlation(latencies: Sequence[Compared]) -> float:
    ours, published = [each.ours for each in latencies], [each.published for each in latencies]
    return correlation(_ranks(ours), _ranks(published))


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 0; equal values get the mean of their ranks."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 for value in values]
