"""Fetching ahead: the images of a step are its own, whoever fetches them and whenever."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from scaling.data.ahead import Ahead
from scaling.data.catalog import DataConfig, declare
from scaling.data.images import Split
from scaling.data.load import load


@pytest.fixture
def split(pictures: Path) -> Split:
    data = declare(DataConfig(name="image_folder", root=str(pictures), num_val=20, mirror=True))
    split = load(data, str(pictures), 16).train
    assert isinstance(split, Split)
    return split


def test_each_step_is_given_its_images(split: Split) -> None:
    ahead = Ahead(lambda _, chosen: split.pixels(chosen), torch.device("cpu"))
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(0)).split(20)
    for step, chosen in enumerate(order):
        ahead.begin(step, chosen)
        if step + 1 < len(order):
            ahead.begin(step + 1, order[step + 1])
        assert torch.equal(ahead.take(step), split.pixels(slice(None))[chosen])


def test_batches_are_channels_last(split: Split) -> None:
    ahead = Ahead(lambda _, chosen: split.pixels(chosen), torch.device("cpu"))
    ahead.begin(0, torch.arange(20))
    assert ahead.take(0).is_contiguous(memory_format=torch.channels_last)
