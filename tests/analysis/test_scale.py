"""Scales: ticks are few and round."""

from __future__ import annotations

import pytest

from analysis.metric import ERROR, FLOPS, TRAIN_SECONDS
from analysis.plot import new_figure
from analysis.scale import log_axis


@pytest.mark.parametrize(
    ("metric", "values", "texts"),
    [
        (FLOPS, [1e8, 1e10], ["100M", "300M", "1G", "3G", "10G"]),
        (ERROR, [15, 35], ["15", "20", "25", "30", "35"]),
        (ERROR, [1.01, 3.2], ["1", "1.5", "2", "3"]),
        (ERROR, [9, 33], ["10", "15", "20", "30"]),
        (FLOPS, [1.9e6, 2.1e6], ["1.9M", "2M", "2.1M", "2.2M"]),
        (TRAIN_SECONDS, [8, 700], ["10 s", "20 s", "30 s", "1 min", "2 min", "5 min", "10 min"]),
        (TRAIN_SECONDS, [9.4, 11.6], ["9 s", "10 s", "11 s", "12 s"]),
        (TRAIN_SECONDS, [11520, 11520], ["3.1 h", "3.2 h", "3.3 h"]),
    ],
)
def test_ticks_are_round(metric, values, texts):
    _, axes = new_figure()
    log_axis(axes, "x", metric, values)
    shown = [axes.xaxis.get_major_formatter()(tick) for tick in axes.xaxis.get_major_locator()()]
    assert shown == texts
