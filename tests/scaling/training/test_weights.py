"""Weights that a point begins from: all but the classifier, of the same network only."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from scaling.data.load import load
from scaling.errors import DataError
from scaling.training.run import Run
from scaling.training.start import Start
from tests.scaling.training.conftest import MakePoint, Train

START = Start(point="0123456789abcdef")


def test_a_run_begins_from_the_average_that_was_evaluated(
    make_point: MakePoint, train_point: Train, cpu: torch.device
) -> None:
    outcome, _ = train_point(make_point())
    later = replace(make_point(seed=1), start=START)
    images = load(later.data, None, later.resolution)
    begun = Run(later, images, cpu, start=outcome.weights).model.state_dict()
    alone = Run(make_point(seed=1), images, cpu).model.state_dict()
    for name, value in begun.items():
        expected = alone[name] if name.startswith("head.") else outcome.weights[name]
        assert torch.equal(value, expected), name


def test_another_network_is_refused(make_point: MakePoint, train_point: Train, cpu: torch.device) -> None:
    outcome, _ = train_point(make_point())
    for axis in ({"depth": 14}, {"width": 0.5}):
        point = replace(make_point(**axis), start=START)
        images = load(point.data, None, point.resolution)
        with pytest.raises(DataError, match=r"0123456789abcdef is of another network: its .* does not fit"):
            Run(point, images, cpu, start=outcome.weights)
