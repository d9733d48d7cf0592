"""A point on XLA: it trains as on a CPU, compiles a fixed number of times, waits for nothing, and goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch_xla.debug import metrics

from scaling.data.catalog import DataConfig, declare
from scaling.data.load import load
from scaling.models.resnet_small import ResNetSmall
from scaling.study.point import Point
from scaling.training.checkpoint import Checkpoint
from scaling.training.device import use_device
from scaling.training.failure import Stopped
from scaling.training.loop import Hooks, train
from scaling.training.placement import Placement
from scaling.training.recipe import Recipe
from scaling.training.run import Run
from scaling.training.saving import Saving
from scaling.training.schedule import Schedule

Row = dict[str, float]

POINT = Point(
    depth=8,
    width=0.125,
    resolution=8,
    epochs=3,
    seed=0,
    family="resnet_small",
    model=ResNetSmall(),
    data=declare(DataConfig(name="mnist5k", num_val=256, num_train=192)),
    recipe=Recipe(
        batch_size=32,
        norm_batch=16,
        learning_rate=0.8,
        ema_decay=0.9,
        dropout=0.1,
        stochastic_depth=0.1,
        rand_augment_layers=1,
    ),
    schedule=Schedule(warmup_fraction=0.1),
    precision="fp32",
)
"""Of 18 steps, with all that a recipe can have."""


@pytest.fixture(scope="module")
def tpu() -> torch.device:
    return use_device("tpu", num_threads=1)


def _trained(
    point: Point, device: torch.device, directory: Path, *, stop: Callable[[int], bool] = lambda _: False
) -> list[Row]:
    """Rows without times; `stop` is asked with the number of steps that this attempt has taken."""
    directory.mkdir(exist_ok=True)
    rows: list[Row] = []
    asked = iter(range(1000))

    def keep(latest: list[Row]) -> None:
        rows[:] = [{name: value for name, value in row.items() if name != "seconds"} for row in latest]

    train(
        point,
        load(point.data, None, point.resolution),
        Placement(device=device),
        Saving(checkpoint=Checkpoint(directory / "checkpoint.pt"), every_s=1e9),
        Hooks(on_epoch=keep, should_stop=lambda: stop(next(asked))),
    )
    return rows


@pytest.fixture(scope="module")
def whole(tpu: torch.device, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    return _trained(POINT, tpu, tmp_path_factory.mktemp("whole"))


def test_it_trains_as_on_torchs_own_cpu(whole: list[Row], tmp_path: Path) -> None:
    rows = _trained(POINT, use_device("cpu", num_threads=1), tmp_path / "cpu")
    assert len(rows) == len(whole) == 3
    for row, other in zip(rows, whole, strict=True):
        assert other == pytest.approx(row, rel=1e-3)


def test_what_was_stopped_goes_on_to_the_same_end(
    whole: list[Row], tpu: torch.device, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        _trained(POINT, tpu, tmp_path, stop=lambda num_steps: num_steps == 8)
    assert _trained(POINT, tpu, tmp_path) == whole


def test_steps_compile_nothing_new_and_wait_for_nothing(tpu: torch.device) -> None:
    """The first step makes momentum and average, and evaluation has programs of its own; those are all."""
    run = Run(replace(POINT, epochs=6), load(POINT.data, None, POINT.resolution), Placement(device=tpu))
    for _ in range(2 * POINT.steps_per_epoch):
        run.advance()
        if run.at_epoch_end:
            run.finish_epoch()
    compiled = metrics.metric_data("CompileTime")[0]
    for _ in range(3):
        for _ in range(POINT.steps_per_epoch):
            fetched = _num_fetched()
            run.advance()
            assert _num_fetched() == fetched
        run.finish_epoch()
    assert metrics.metric_data("CompileTime")[0] == compiled


def _num_fetched() -> int:
    """How often the host has waited for a value from the device."""
    transfers = metrics.metric_data("TransferFromDeviceTime")
    scalars = metrics.counter_value("aten::_local_scalar_dense")
    return (transfers[0] if transfers else 0) + (scalars or 0)


def test_bf16_trains(tpu: torch.device, tmp_path: Path) -> None:
    rows = _trained(replace(POINT, precision="bf16", epochs=1, recipe=Recipe(batch_size=32)), tpu, tmp_path)
    assert rows[0]["train_loss"] < 3
