"""Points small enough to train in a second, on real digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch

from scaling.data.catalog import DataConfig, declare
from scaling.data.load import held_out, load
from scaling.models.resnet_small import ResNetSmall
from scaling.study.point import Point
from scaling.training.checkpoint import Checkpoint
from scaling.training.device import use_device
from scaling.training.loop import Hooks, train
from scaling.training.outcome import Outcome
from scaling.training.placement import Placement
from scaling.training.recipe import Recipe
from scaling.training.saving import Saving
from scaling.training.schedule import Schedule

Row: TypeAlias = dict[str, float]
MakePoint: TypeAlias = Callable[..., Point]
Train: TypeAlias = Callable[..., tuple[Outcome, list[Row]]]


@pytest.fixture(scope="session", autouse=True)
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache directory of the tests' own, so that digits are parsed once."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def cpu() -> torch.device:
    return use_device("cpu", num_threads=1)


@pytest.fixture(scope="session")
def make_point() -> MakePoint:
    """A point of 2 epochs of 4 steps; keywords change axes, `mirror`, or fields of the recipe."""

    def make(*, num_train: int = 128, mirror: bool = True, **changes: Any) -> Point:
        axes = {"depth": 8, "width": 0.25, "resolution": 8, "epochs": 2, "seed": 0}
        axes |= {name: changes.pop(name) for name in list(changes) if name in axes}
        precision, evaluate_at = changes.pop("precision", "fp32"), changes.pop("evaluate_at", ())
        recipe = {"batch_size": 32, "learning_rate": 0.8, "ema_decay": 0.9} | changes
        data = declare(DataConfig(name="mnist5k", num_val=100, num_train=num_train))
        return Point(
            **axes,
            family="resnet_small",
            model=ResNetSmall(),
            data=replace(data, mirror=mirror),
            recipe=Recipe(**recipe),
            schedule=Schedule(warmup_fraction=0.1),
            precision=precision,
            evaluate_at=evaluate_at,
        )

    return make


@pytest.fixture
def train_point(tmp_path: Path, cpu: torch.device) -> Train:
    """Train a point with its checkpoint in `directory` below the test's own; its outcome and latest rows."""

    def run(
        point: Point,
        directory: str = "whole",
        *,
        checkpoint_every_s: float = 1e9,
        should_stop: Callable[[], bool] = lambda: False,
        compiled: bool = False,
    ) -> tuple[Outcome, list[Row]]:
        (tmp_path / directory).mkdir(exist_ok=True)
        rows: list[Row] = []

        def keep(latest: list[Row]) -> None:
            rows[:] = latest

        outcome = train(
            point,
            load(point.data, None, point.resolution),
            Placement(device=cpu, compiled=compiled),
            Saving(checkpoint=Checkpoint(tmp_path / directory / "checkpoint.pt"), every_s=checkpoint_every_s),
            Hooks(on_epoch=keep, should_stop=should_stop),
            held_out=partial(held_out, point.data, None),
        )
        return outcome, rows

    return run
