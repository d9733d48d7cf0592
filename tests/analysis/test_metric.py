"""Metrics: every value is formatted in one way."""

from __future__ import annotations

import pytest

from analysis.metric import COSTS, ERROR, FLOPS, LATENCY, TRAIN_SECONDS
from scaling.quantity import counted


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (FLOPS, 1.7e9, "1.7G"),
        (FLOPS, 999_900_000, "1G"),
        (FLOPS, 12, "12"),
        (TRAIN_SECONDS, 150, "2.5 min"),
        (TRAIN_SECONDS, 0.25, "0.25 s"),
        (TRAIN_SECONDS, 90_000, "1.04 d"),
        (LATENCY, 12.345, "12.3 ms"),
        (ERROR, 23.456, "23.46"),
        (ERROR, float("nan"), "unknown"),
    ],
)
def test_a_value_for_people(metric, value, text):
    assert metric.text(value) == text


def test_costs_are_keyed_by_their_names():
    assert all(name == metric.name for name, metric in COSTS.items())


def test_counts_agree_with_their_noun():
    assert (counted(1, "pair"), counted(2, "pair")) == ("1 pair", "2 pairs")
