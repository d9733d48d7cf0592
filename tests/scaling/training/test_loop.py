"""The training loop: rows, learning, divergence, and runs that go on exactly where they stopped."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from scaling import processor
from scaling.data.load import load
from scaling.study.point import Point
from scaling.training.checkpoint import Checkpoint
from scaling.training.failure import Diverged, Stopped
from scaling.training.placement import Placement
from scaling.training.run import Run

MakePoint = Callable[..., Point]
Train = Callable[..., Any]
Row = dict[str, float]

RECIPES: dict[str, dict[str, Any]] = {
    "usual": {},
    "no average": {"ema_decay": 0},
    "norm parts": {"norm_batch": 8},
    "all methods": {
        "dropout": 0.3,
        "stochastic_depth": 0.5,
        "rand_augment_layers": 2,
        "norm_batch": 16,
        "optimizer": "lamb",
        "learning_rate": 0.01,
    },
    "plain": {"crop_padding": 0, "flip": False, "momentum": 0, "label_smoothing": 0, "weight_decay": 0},
}


def without_times(rows: list[Row]) -> list[Row]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def assert_same_weights(one: Path, other: Path) -> None:
    states = [Checkpoint(directory / "checkpoint.pt").load() for directory in (one, other)]
    assert states[0] is not None
    assert states[1] is not None
    for part in ("model", "ema"):
        for name, tensor in (states[0][part] or {}).items():
            assert torch.equal(tensor, states[1][part][name]), name


def stop_before(step: int) -> Callable[[], bool]:
    """True when asked for the `step`-th time, counted from 0."""
    asked = iter(range(step))
    return lambda: next(asked, None) is None


def test_rows_and_outcome(make_point: MakePoint, train_point: Train) -> None:
    point = make_point(epochs=3)
    outcome, rows = train_point(point)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert [row["step"] for row in rows] == [4, 8, 12]
    assert rows[-1]["train_flops"] == point.cost.train_flops
    progress = {"epoch", "step", "train_flops", "learning_rate", "seconds"}
    assert set(rows[0]) == progress | {"train_loss", "train_top1", "loss", "top1"}
    assert set(outcome.metrics) == {"top1", "loss", "test_top1", "train_loss"}
    assert outcome.metrics["top1"] == rows[-1]["top1"]
    assert outcome.train_seconds == pytest.approx(rows[-1]["seconds"])
    assert outcome.memory_bytes is None or outcome.memory_bytes > 1e6
    assert json.loads(json.dumps(rows)) == rows


def test_a_trained_point_is_evaluated_at_other_resolutions(make_point: MakePoint, train_point: Train) -> None:
    """Training does not know of it, and at the resolution of training it finds what it finds otherwise."""
    plain, rows = train_point(make_point(), "plain")
    more, more_rows = train_point(make_point(evaluate_at=(8, 14, 28)), "more")
    assert without_times(more_rows) == without_times(rows)
    assert {name: value for name, value in more.metrics.items() if "@" not in name} == plain.metrics
    assert {name for name in more.metrics if "@" in name} == {
        f"{name}@{side}" for side in (8, 14, 28) for name in ("top1", "loss", "test_top1")
    }
    for name in ("top1", "loss", "test_top1"):
        assert more.metrics[f"{name}@8"] == plain.metrics[name]
    assert len({more.metrics[f"loss@{side}"] for side in (8, 14, 28)}) == 3


def test_seeds_differ_and_repeat(make_point: MakePoint, train_point: Train) -> None:
    first, again, other = (
        without_times(train_point(make_point(seed=seed), name)[1])
        for seed, name in ((0, "first"), (0, "again"), (1, "other"))
    )
    assert first == again
    assert first != other


def test_a_few_seconds_teach_the_digits(make_point: MakePoint, train_point: Train) -> None:
    outcome, rows = train_point(
        make_point(num_train=3500, resolution=10, epochs=3, learning_rate=2, mirror=False)
    )
    assert outcome.metrics["top1"] > 80
    assert outcome.metrics["test_top1"] > 80
    assert rows[-1]["train_loss"] < rows[0]["train_loss"] < math.log(10)


@pytest.mark.parametrize("learning_rate", [1e3, 1e30])
def test_an_absurd_learning_rate_diverges(
    make_point: MakePoint, train_point: Train, learning_rate: float
) -> None:
    with pytest.raises(Diverged) as failure:
        train_point(make_point(learning_rate=learning_rate, epochs=30))
    assert failure.value.step < 60
    assert not failure.value.loss <= 10 * math.log(10)


def test_an_exploding_step_ends_the_point_at_once(make_point: MakePoint, train_point: Train) -> None:
    """The first step ruins the weights, and the second one, of 15 in an epoch, sees it."""
    with pytest.raises(Diverged, match="after 2 steps: training has diverged") as failure:
        train_point(make_point(learning_rate=1e30, num_train=480))
    assert failure.value.step == 2


@pytest.mark.parametrize("recipe", RECIPES)
def test_stopping_anywhere_changes_nothing(
    make_point: MakePoint, train_point: Train, tmp_path: Path, recipe: str
) -> None:
    point = make_point(**RECIPES[recipe])
    outcome, rows = train_point(point)
    taken = 0
    for steps in (0, 1, 2, 1, 3):  # within an epoch, at its end, and before the first step
        with pytest.raises(Stopped) as stopped:
            train_point(point, "stopped", should_stop=stop_before(steps))
        taken += steps
        assert stopped.value.step == taken
    resumed, resumed_rows = train_point(point, "stopped")
    assert without_times(resumed_rows) == without_times(rows)
    assert resumed.metrics == outcome.metrics
    assert_same_weights(tmp_path / "whole", tmp_path / "stopped")


def test_training_time_adds_up_over_attempts(make_point: MakePoint, train_point: Train) -> None:
    point = make_point()
    with pytest.raises(Stopped):
        train_point(point, should_stop=stop_before(5))
    outcome, rows = train_point(point)
    assert outcome.train_seconds > rows[0]["seconds"] > 0


def test_a_finished_run_is_not_trained_again(make_point: MakePoint, train_point: Train) -> None:
    outcome, _ = train_point(make_point())
    again, _ = train_point(make_point(), should_stop=lambda: True)
    assert again.metrics == outcome.metrics
    assert again.train_seconds == outcome.train_seconds


def test_a_truncated_checkpoint_starts_afresh(
    make_point: MakePoint, train_point: Train, tmp_path: Path
) -> None:
    point = make_point()
    _, rows = train_point(point)
    with pytest.raises(Stopped):
        train_point(point, "cut", should_stop=stop_before(6))
    file = tmp_path / "cut" / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    _, rows_again = train_point(point, "cut")
    assert without_times(rows_again) == without_times(rows)
    assert file.with_name("checkpoint.pt.corrupt").exists()


def test_killed_at_random_moments_ends_bit_for_bit_the_same(tmp_path: Path) -> None:
    script = Path(__file__).with_name("killed_runs.py")
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=280)
    killed_at = json.loads((tmp_path / "killed_at.json").read_text())
    assert len(killed_at) == 20
    assert len(set(killed_at)) >= 12
    rows = [json.loads((tmp_path / name / "rows.json").read_text()) for name in ("whole", "killed")]
    assert len(rows[0]) == 14
    assert without_times(rows[0]) == without_times(rows[1])
    assert_same_weights(tmp_path / "whole", tmp_path / "killed")


@pytest.mark.skipif(processor.lacks_bf16(), reason="this processor has no bf16")
def test_bf16_learns_too(make_point: MakePoint, train_point: Train) -> None:
    outcome, rows = train_point(make_point(precision="bf16"))
    assert rows[0] != train_point(make_point(), "fp32")[1][0]
    assert math.isfinite(outcome.metrics["loss"])


def test_where_memory_runs_out_the_point_goes_on_and_nothing_changes(tmp_path: Path) -> None:
    """In processes that may map so many more megabytes: any, too few for what a step keeps, too few."""
    script = Path(__file__).with_name("little_memory.py")
    runs = [
        subprocess.run(
            [sys.executable, script, tmp_path / name, *megabytes], capture_output=True, text=True, check=False
        )
        for name, megabytes in {"plenty": [], "little": ["380"], "less": ["60"]}.items()
        if not (tmp_path / name).mkdir()
    ]
    assert [run.returncode for run in runs] == [0, 0, 1], [run.stderr[-500:] for run in runs]
    plenty, little = (json.loads(run.stdout) for run in runs[:2])
    assert (plenty["frugal"], little["frugal"]) == (False, True)
    assert little["metrics"] == plenty["metrics"]
    assert "memory ran out: going on from step 0, activations are computed anew" in runs[1].stderr
    assert "memory ran out: going on" in runs[2].stderr
    assert "RuntimeError" in runs[2].stderr.splitlines()[-1]


def test_a_compiled_network_trains_the_same(make_point: MakePoint, train_point: Train) -> None:
    point = make_point(dropout=0.1, stochastic_depth=0.1)
    (_, rows), (_, compiled) = train_point(point), train_point(point, "compiled", compiled=True)
    for row, other in zip(rows, compiled, strict=True):
        assert other == pytest.approx({**row, "seconds": other["seconds"]}, rel=1e-5)


def test_every_network_of_a_process_is_compiled_once_for_training_alone(
    make_point: MakePoint, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch counts how often it compiles a piece of code, whichever network runs it, up to a limit."""
    compile_ = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda module, **options: compile_(module, backend="eager", **options)
    )
    with torch._dynamo.config.patch(recompile_limit=1, fail_on_recompile_limit_hit=True):
        for width in (0.125, 0.25, 0.375):
            point = make_point(width=width, ema_decay=0)
            run = Run(point, load(point.data, None, point.resolution), Placement(device=cpu, compiled=True))
            run.advance()
            run.evaluate(run.images.val)


def test_a_compiled_network_serves_all_of_its_seeds(
    make_point: MakePoint, cpu: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []

    def backend(graph: torch.fx.GraphModule, _: object) -> Callable[..., Any]:
        compiled.append(graph)
        return graph.forward

    compile_ = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda module, **options: compile_(module, backend=backend, **options)
    )
    for depth, seed in ((8, 0), (8, 1), (14, 0)):
        point = make_point(depth=depth, width=0.125, seed=seed)
        Run(point, load(point.data, None, point.resolution), Placement(device=cpu, compiled=True)).advance()
    assert len(compiled) == 2
