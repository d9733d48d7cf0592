"""A scale: a log axis with a handful of round ticks and readable labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from analysis.metric import Metric
from scaling.quantity import count_text

UNITS = (
    (1e-3, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    (1, (1, 2, 5, 10, 20, 30)),
    (60, (1, 2, 5, 10, 20, 30)),
)
LONG_UNITS = ((3600, (1, 2, 5, 12)), (86400, (1, 2, 5, 10, 20, 50, 100, 200)))
ROUND_SECONDS = [unit * count for unit, counts in (*UNITS, *LONG_UNITS) for count in counts]

HALVES = (*np.arange(1.0, 5.0, 0.5), *np.arange(5.0, 10.0))


def log_axis(axes: Axes, side: Literal["x", "y"], metric: Metric, values: Sequence[float]) -> None:
    """Make one side a log axis with a handful of round ticks, such as `100M` or `2 min`, and the metric's
    label."""
    low, high = limits(values)
    axes.set(**{f"{side}scale": "log", f"{side}lim": (low, high), f"{side}label": metric.axis_label})
    axis: Axis = axes.xaxis if side == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(round_ticks(metric, low, high)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick_text(metric, value)))


def limits(values: Sequence[float]) -> tuple[float, float]:
    """The ends of a log axis, a little beyond the values, which must be above 0."""
    pad = max((max(values) / min(values)) ** 0.06, 1.05)
    return min(values) / pad, max(values) * pad


def tick_text(metric: Metric, value: float) -> str:
    """The shortest text of a tick: `100M`, `2 min`, `12.5`."""
    return (
        metric.text(value) if metric.unit == "s" else count_text(value) if metric.unit == "" else f"{value:g}"
    )


def round_ticks(metric: Metric, low: float, high: float) -> Sequence[float]:
    """Round values within the limits: at least four where possible, at most seven."""
    if metric.unit == "s":
        times = [seconds for seconds in ROUND_SECONDS if low <= seconds <= high]
        return _sparse(times) if len(times) > 1 else _even_ticks(low, high)
    inside: list[float] = []
    for digits in (
        (1.0,),
        (1.0, 3.0),
        (1.0, 2.0, 5.0),
        (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
        np.arange(1.0, 10.0),
        HALVES,
        np.arange(1.0, 10.0, 0.1),
    ):
        decades = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
        inside = [
            t for decade in decades for digit in digits if low <= (t := float(digit * 10.0**decade)) <= high
        ]
        if len(inside) >= 4:
            break
    return _sparse(inside)


def _even_ticks(low: float, high: float) -> Sequence[float]:
    """Evenly spaced times, round in their unit, for a range with fewer than two of ROUND_SECONDS."""
    unit = max((size for size, _ in (*UNITS, *LONG_UNITS) if size <= low), default=UNITS[0][0])
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low / unit, high / unit)
    return [unit * tick for tick in ticks if low <= unit * tick <= high]


def _sparse(ticks: Sequence[float]) -> Sequence[float]:
    """Every second, third, … tick, so that at most seven are left."""
    return ticks[:: max(1, int(np.ceil(len(ticks) / 7)))]
