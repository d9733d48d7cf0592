"""Running statistics of several processes against those of one that sees all norm batches in a row."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from scaling.training.norms import Statistics
from scaling.training.processes import Processes


class _Process(Processes):
    def __init__(self, rank: int, size: int) -> None:
        self.rank = rank
        self.size = size


@pytest.fixture
def make_model() -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, momentum=0.01))

    return make


@pytest.mark.parametrize(("size", "each"), [(2, 1), (2, 3), (3, 2)])
def test_they_are_those_of_one_process(make_model: Callable[[], nn.Module], size: int, each: int) -> None:
    generator = torch.Generator().manual_seed(1)
    alone = make_model()
    models = [copy.deepcopy(alone) for _ in range(size)]
    statistics = [Statistics(model, _Process(rank, size), each) for rank, model in enumerate(models)]
    for _ in range(3):
        images = 5 + 3 * torch.randn(size, each, 8, 3, 6, 6, generator=generator)
        for part in images.flatten(0, 1):
            alone(part)
        for its, model, parts in zip(statistics, models, images, strict=True):
            its.begin()
            for part in parts:
                model(part)
        contributions = [its.contributions() for its in statistics]
        sums = [torch.stack(of_all).sum(0) for of_all in zip(*contributions, strict=True)]
        for its in statistics:
            its.end(sums)
    expected = dict(alone.named_buffers())
    for model in models:
        for name, buffer in model.named_buffers():
            torch.testing.assert_close(buffer, expected[name], rtol=2e-6, atol=2e-6, msg=name)
