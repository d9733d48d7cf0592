"""Images that are mapped from a file train to what the same images in memory train to, bit for bit."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from scaling.data.catalog import DataConfig, declare
from scaling.data.images import Images, Split
from scaling.data.load import load
from scaling.study.point import Point
from scaling.training.checkpoint import Checkpoint
from scaling.training.failure import Stopped
from scaling.training.loop import Hooks, train
from scaling.training.placement import Placement
from scaling.training.saving import Saving
from tests.scaling.training.conftest import MakePoint


@pytest.fixture
def images(pictures: Path) -> Images:
    config = DataConfig(name="image_folder", root=str(pictures), num_val=20, mirror=True, num_train=128)
    return load(declare(config), str(pictures), 8)


def _in_memory(split: Split) -> Split:
    return Split(images=split.pixels(slice(None)).contiguous(), labels=split.labels)


def _rows(point: Point, images: Images, directory: Path, device: torch.device, stops: tuple[int, ...]) -> Any:
    """The rows without their seconds, of a run that is stopped so often, each time after so many steps."""
    directory.mkdir()
    rows: list[dict[str, float]] = []
    for stop in (*stops, None):
        asked = iter(range(stop or 0))
        with suppress(Stopped):
            train(
                point,
                images,
                Placement(device=device),
                Saving(checkpoint=Checkpoint(directory / "checkpoint.pt"), every_s=1e9),
                Hooks(
                    on_epoch=lambda latest: rows.__setitem__(slice(None), latest),
                    should_stop=lambda: stop is not None and next(asked, None) is None,  # noqa: B023
                ),
            )
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.parametrize("layers", [0, 2])
def test_mapped_and_in_memory_are_alike(
    images: Images, make_point: MakePoint, tmp_path: Path, cpu: torch.device, layers: int
) -> None:
    data = declare(DataConfig(name="mnist5k", num_val=100, num_train=128))
    point = make_point(rand_augment_layers=layers)
    point = replace(point, data=replace(data, num_classes=2, channels=3, mirror=True))
    memory = replace(
        images, train=_in_memory(images.train), val=_in_memory(images.val), test=_in_memory(images.test)
    )
    assert images.train.is_mapped
    assert not memory.train.is_mapped
    mapped = _rows(point, images, tmp_path / "mapped", cpu, stops=())
    assert mapped == _rows(point, memory, tmp_path / "memory", cpu, stops=())
    assert mapped == _rows(point, images, tmp_path / "stopped", cpu, stops=(3, 2))
