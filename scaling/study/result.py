"""A result: one row, of a point that ended, runs, or waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from scaling.study.point import Point

Status = Literal["pending", "running", "completed", "failed"]
Failure = Literal[
    "out_of_memory",
    "preempted",
    "timeout",
    "node_failure",
    "killed",
    "diverged",
    "code_error",
    "data_error",
]


@dataclass(frozen=True, kw_only=True)
class State:
    """Where a point stands; what status.json holds."""

    status: Status = "pending"
    failure: Failure | None = None
    message: str | None = None
    """One line for a person: why it failed, or how far it is."""
    attempt: int = 0
    """How many times it was started."""
    epoch: int = 0
    """Epochs behind it."""
    launch: str | None = None
    """The launch that started it last."""
    code: str | None = None
    """Digest of the code that last ran it: a code error is tried again when this has changed."""
    signature: str | None = None
    """Digest of the traceback: one signature in the first points that fail stops a launch."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A point with its state and, once completed, what was measured."""

    point: Point
    state: State
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    """top1, test_top1 in percent; loss, train_loss in nats."""
    measured: Mapping[str, float | None] = field(default_factory=dict)
    """train_seconds (in training steps, all attempts), memory_bytes (peak)."""

    def row(self) -> dict[str, Any]:
        """The result as one flat row of a table."""
        point = self.point
        return {
            "point": point.id,
            "model": point.family,
            "data": point.data.name,
            "setting": point.setting,
            **point.axes,
            "status": self.state.status,
            "failure": self.state.failure,
            "message": self.state.message,
            "top1": self.metrics.get("top1"),
            "test_top1": self.metrics.get("test_top1"),
            "loss": self.metrics.get("loss"),
            "train_loss": self.metrics.get("train_loss"),
            **asdict(point.cost),
            "train_seconds": self.measured.get("train_seconds"),
            "memory_bytes": self.measured.get("memory_bytes"),
            "precision": point.precision,
            **{f"recipe.{name}": value for name, value in asdict(point.recipe).items()},
        }
