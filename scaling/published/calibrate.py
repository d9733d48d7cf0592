"""Predictions of the paper's latencies, and the calibration of the efficiency of depthwise convolutions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

from scaling.profile.device import Device
from scaling.profile.roofline import largest_batch, predict
from scaling.published.resnet_rs import Published
from scaling.study.precision import Precision
from scaling.study.training_step import TrainingStep

FIRST_BATCH = 128
"""Images per batch to start with; the paper halves the batch until it fits (caption of Table 7)."""


def predicted_latency(row: Published, device: Device, precision: Precision) -> float:
    """Seconds of a training step for 1,024 images on one `device`, in batches that fit in its memory."""
    step = TrainingStep(
        network=row.network,
        resolution=row.resolution,
        in_channels=3,
        num_classes=1000,
        batch_size=FIRST_BATCH,
        precision=precision,
    )
    fitting = replace(step, batch_size=largest_batch(step, device))
    return 1024 * predict(fitting, device, "training").seconds_per_image


def depthwise_efficiency(
    rows: Sequence[Published], latency: Callable[[Published], float], device: Device, precision: Precision
) -> float:
    """The efficiency, in steps of 1 %, for which predicted latencies are closest to proportional to
    `latency`.

    It minimises squares of the logarithms with a free factor, so that only ratios between networks count.
    """
    ideal, bare = (
        [predicted_latency(row, replace(device, depthwise_efficiency=share), precision) for row in rows]
        for share in (1.0, math.inf)
    )

    def misfit(share: float) -> float:
        logs = [
            math.log((without + (full - without) / share) / latency(row))
            for row, full, without in zip(rows, ideal, bare, strict=True)
        ]
        mean = fmean(logs)
        return sum((each - mean) ** 2 for each in logs)

    return min((percent / 100 for percent in range(1, 101)), key=misfit)
