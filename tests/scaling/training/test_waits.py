"""Waiting: a step never makes the host wait for a GPU, but for a look at the loss now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from scaling.data.load import load
from scaling.study.point import Point
from scaling.training.run import Run
from scaling.training.step import Stepper

MakePoint = Callable[..., Point]
Careless = Callable[[torch.Tensor], object]

NUM_STEPS = 100
LOOKS = 2
"""In so many steps, one every 50."""

RECIPES: dict[str, dict[str, Any]] = {
    "usual": {},
    "norm parts": {"norm_batch": 8},
    "drops": {"dropout": 0.2, "stochastic_depth": 0.2},
    "windows": {"crop": "resized"},
}
COPIES = ("cpu", "numpy", "tolist")
"""To the host. On a CPU they are no operators, so they are counted where Python calls them."""
OPERATORS = ("_local_scalar_dense", "is_nonzero", "equal", "nonzero", "masked_select", "_unique2", "bincount")
"""A number that is read, or a shape that depends on values."""


class Copies(TorchFunctionMode):
    """Counts the copies."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        name = getattr(func, "__name__", "")
        if name in COPIES:
            self.found.append(name)
        return func(*args, **(kwargs or {}))


class Waits(TorchDispatchMode):
    """Counts the operators, but for those on the one tensor that is kept on the host."""

    def __init__(self, on_host: torch.Tensor | None) -> None:
        super().__init__()
        self.found: list[str] = []
        self._on_host = on_host

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        name = func.overloadpacket.__name__
        if (name in OPERATORS or _picks_by_mask(name, args)) and args[0] is not self._on_host:
            self.found.append(name)
        return func(*args, **(kwargs or {}))


def _picks_by_mask(name: str, args: Any) -> bool:
    return name == "index" and any(by is not None and by.dtype == torch.bool for by in args[1])


def waits_of(point: Point, num_steps: int) -> list[str]:
    """What would make the host wait for a GPU, which the run takes its device for."""
    run = Run(point, load(point.data, None, point.resolution), torch.device("cpu"))
    run.device = torch.device("cuda")
    with Copies() as copies, Waits(run.ema.n_averaged if run.ema else None) as waits:
        for _ in range(num_steps):
            run.advance()
    return copies.found + waits.found


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_waits_only_to_look_at_the_loss(make_point: MakePoint, recipe: str) -> None:
    point = make_point(epochs=NUM_STEPS, learning_rate=0.1, **RECIPES[recipe])
    assert waits_of(point, NUM_STEPS) == ["_local_scalar_dense"] * LOOKS


CARELESS: dict[str, Careless] = {
    "item": lambda loss: loss.item(),
    "branch": lambda loss: 1 if loss > 3 else 0,
    "copy": lambda loss: loss.cpu(),
    "list": lambda loss: loss.tolist(),
    "indices": lambda loss: loss[None][loss[None] > 0],
}


@pytest.mark.parametrize("careless", CARELESS)
def test_a_careless_step_would_be_found(
    make_point: MakePoint, monkeypatch: pytest.MonkeyPatch, careless: str
) -> None:
    step = Stepper.step

    def also(self: Stepper, *args: Any) -> tuple[torch.Tensor, torch.Tensor]:
        loss, num_correct = step(self, *args)
        CARELESS[careless](loss)
        return loss, num_correct

    monkeypatch.setattr(Stepper, "step", also)
    assert len(waits_of(make_point(), 3)) == 3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch itself tells who waits, but only for a GPU")
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_on_a_gpu_never_waits(make_point: MakePoint, recipe: str) -> None:
    point = make_point(epochs=NUM_STEPS, learning_rate=0.1, **RECIPES[recipe])
    run = Run(point, load(point.data, None, point.resolution), torch.device("cuda"))
    run.advance()  # what happens once may wait
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(20):
            run.advance()
    finally:
        torch.cuda.set_sync_debug_mode("default")
