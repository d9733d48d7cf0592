"""A metric: a measured column, declared once with its label, unit, direction and scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from scaling.quantity import count_text, duration_text

Direction = Literal["minimise", "maximise"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    name: str
    """The metric's name in options, file names and keys."""
    column: str
    """Column of the table."""
    label: str
    """Text of an axis or a table heading, without the unit."""
    unit: str
    """Unit of a value; empty for a count."""
    direction: Direction
    """Which direction is better."""
    transform: Literal["linear", "log"]
    """Scale on which it is drawn and interpolated."""
    detail: str = ""
    """Addition to the label where there is room, such as the device that a time was measured on."""
    bounds: tuple[str, str] | None = None
    """Columns of the 95 % interval of each measured value."""

    @property
    def full_label(self) -> str:
        """The label with its detail."""
        return f"{self.label} {self.detail}".strip()

    @property
    def axis_label(self) -> str:
        """The label of an axis; durations have their unit on each tick instead."""
        return self.full_label if self.unit in ("", "s") else f"{self.full_label} ({self.unit})"

    def text(self, value: float) -> str:
        """A value as text: `1.7G` for counts, `76.32` for percentages, `2.5 min` for times."""
        if not math.isfinite(value):
            return "unknown"
        if self.unit == "s":
            return duration_text(value)
        if self.unit in ("ms", "GB"):
            return f"{value:,.0f} {self.unit}" if value >= 1000 else f"{value:.3g} {self.unit}"
        return f"{value:.2f}" if self.unit == "%" else count_text(value)


ERROR = Metric(
    name="error", column="error", label="top-1 error", unit="%", direction="minimise", transform="log"
)
TOP1 = Metric(
    name="top1", column="top1", label="top-1 accuracy", unit="%", direction="maximise", transform="linear"
)
MIOU = Metric(
    name="miou", column="miou", label="mean IoU", unit="%", direction="maximise", transform="linear"
)
ACCURACIES = {metric.name: metric for metric in (TOP1, MIOU)}
"""Accuracies by which results are compared. A study has one of them; its `error` is 100 % minus it."""
FLOPS = Metric(
    name="flops",
    column="flops",
    label="FLOPs",
    unit="",
    direction="minimise",
    transform="log",
)
PARAMS = Metric(
    name="params", column="params", label="parameters", unit="", direction="minimise", transform="log"
)
TRAIN_SECONDS = Metric(
    name="train_seconds",
    column="train_seconds",
    label="training time",
    unit="s",
    direction="minimise",
    transform="log",
)
LATENCY = Metric(
    name="latency",
    column="latency_ms",
    label="latency",
    unit="ms",
    direction="minimise",
    transform="log",
    bounds=("latency_low_ms", "latency_high_ms"),
)
TRAIN_STEP = Metric(
    name="train_step",
    column="train_image_ms",
    label="training step",
    unit="ms",
    direction="minimise",
    transform="log",
    bounds=("train_image_low_ms", "train_image_high_ms"),
)
MEMORY = Metric(
    name="memory",
    column="peak_memory_gb",
    label="peak memory",
    unit="GB",
    direction="minimise",
    transform="log",
)
THROUGHPUT = Metric(
    name="throughput",
    column="throughput",
    label="throughput",
    unit="images/s",
    direction="maximise",
    transform="log",
)
PREDICTED_TIME = Metric(
    name="predicted_time",
    column="predicted_hours",
    label="predicted time on one device",
    unit="s",
    direction="minimise",
    transform="log",
)
ACTUAL_TIME = Metric(
    name="actual_time",
    column="actual_hours",
    label="actual time on one device",
    unit="s",
    direction="minimise",
    transform="log",
)
PRICES = {metric.name: metric for metric in (FLOPS, LATENCY)}
"""Costs of a network that do not depend on its training, at which two networks are compared."""
COSTS = {metric.name: metric for metric in (FLOPS, PARAMS, TRAIN_SECONDS, LATENCY)}
PROFILED = {metric.name: metric for metric in (LATENCY, TRAIN_STEP, MEMORY)}
"""Metrics that `python -m scaling profile` measures of a network; a training step counts per image."""
SPEEDUPS = PROFILED | {metric.name: metric for metric in (FLOPS, PARAMS)}
"""Metrics in which families are compared at equal accuracy."""
OBJECTIVES = {metric.name: metric for metric in (TOP1, MIOU, ERROR, THROUGHPUT)} | COSTS
"""Metrics whose better direction is known."""


def error_of(accuracy: Metric) -> Metric:
    """The error that belongs to an accuracy: 100 % minus it."""
    return ERROR if accuracy is TOP1 else replace(ERROR, label=f"100 % - {accuracy.label}")
