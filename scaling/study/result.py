"""A result: one row, of a point that ended, runs, or waits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from scaling.profile.forecast import Hours
from scaling.study.files import Corrupt, read_json
from scaling.study.point import Point

Status = Literal["pending", "running", "completed", "failed"]
Failure = Literal[
    "out_of_memory",
    "preempted",
    "timeout",
    "node_failure",
    "killed",
    "diverged",
    "dominated",
    "code_error",
    "data_error",
]


@dataclass(frozen=True, kw_only=True)
class State:
    """Where a point stands; what status.json holds."""

    status: Status = "pending"
    failure: Failure | None = None
    """Why it failed, or, while it is pending, why it does not run any more."""
    message: str | None = None
    """One line for a person: why it failed, or how far it is."""
    attempt: int = 0
    """How many times it was started."""
    epoch: int = 0
    """Epochs behind it."""
    launch: str | None = None
    """The launch that started it last."""
    requeues: int = 0
    """How often it went on in this launch after it had been stopped or its process had been lost."""
    job: str | None = None
    """The Slurm job that started it last, such as 123_4; None elsewhere."""
    code: str | None = None
    """Digest of the code that last ran it: a code error is tried again when this has changed."""
    signature: str | None = None
    """Digest of the traceback: one signature in the first points that fail stops a launch."""

    @property
    def is_marked(self) -> bool:
        """Whether somebody wants it to be run again, and no launch has taken it on yet."""
        return self.status == "pending" and self.attempt > 0 and self.launch is None


@dataclass(frozen=True, kw_only=True)
class Result:
    """A point with its state and, once completed, what was measured."""

    point: Point
    state: State
    predicted: Hours | None = None
    """By the last launch before it first started; None where nothing told, and in older studies."""
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    """top1, test_top1 (of masks miou, test_miou) in percent; loss, train_loss in nats; and, at other
    resolutions than that of training, such as 28 pixels, top1@28, loss@28 and test_top1@28."""
    measured: Mapping[str, float | None] = field(default_factory=dict)
    """train_seconds, evaluate_seconds (in training steps and in evaluations, all attempts), trunk_seconds (of
    the first, what another point has spent on steps that the two share), memory_bytes (peak)."""

    replayed: str | None = None
    """The table that it was looked up in, with the noise; None for one that was trained."""

    @property
    def actual_hours(self) -> float | None:
        """What `predicted` is of: training steps and evaluations. None where one of them was not measured."""
        train, evaluate = (self.measured.get(f"{work}_seconds") for work in ("train", "evaluate"))
        return None if train is None or evaluate is None else (train + evaluate) / 3600

    def row(self) -> dict[str, Any]:
        """The result as one flat row of a table."""
        point = self.point
        metric = point.data.metric
        return {
            "point": point.id,
            "model": point.family,
            "data": point.data.name,
            "setting": point.setting,
            **point.axes,
            "status": self.state.status,
            "failure": self.state.failure,
            "message": self.state.message,
            metric: self.metrics.get(metric),
            f"test_{metric}": self.metrics.get(f"test_{metric}"),
            "loss": self.metrics.get("loss"),
            "train_loss": self.metrics.get("train_loss"),
            **{name: value for name, value in self.metrics.items() if "@" in name},
            **asdict(point.cost),
            "train_seconds": self.measured.get("train_seconds"),
            "trunk_seconds": self.measured.get("trunk_seconds"),
            "memory_bytes": self.measured.get("memory_bytes"),
            "predicted_hours": self.predicted and self.predicted.hours,
            "predicted_from": self.predicted and self.predicted.source,
            "actual_hours": self.actual_hours,
            "precision": point.precision,
            **_settings(point),
            **(point.pseudo.row() | {"pseudo.baseline": point.baseline.id} if point.pseudo else {}),
            **(point.start.row() if point.start else {}),
            **({"replayed": self.replayed} if self.replayed else {}),
        }


def _settings(point: Point) -> dict[str, Any]:
    """Switches and strengths by dotted name, a list as its text; of videos how clips are taken from them."""
    clip = {f"views.{name}": value for name, value in asdict(point.views).items()}
    clip |= {"data.temporal_stride": point.data.temporal_stride}
    return {
        f"{section}.{name}": str(list(value)) if isinstance(value, tuple) else value
        for section in ("model", "recipe", "schedule", "regularization")
        for name, value in asdict(getattr(point, section)).items()
    } | (clip if point.data.clips else {})


def read_result(file: Path | str) -> dict[str, Any] | None:
    """What result.json holds; None where there is none; Corrupt where what it holds is no result."""
    value = read_json(file)
    if value is not None and (wrong := _wrong(value)):
        raise Corrupt(f"{file} holds no result ({wrong})")
    return value


def read_noted(file: Path | str) -> dict[str, Any]:
    """What status.json says of a `State`, as far as it can be read; fields of another type are left out."""
    try:
        value = read_json(file) or {}
    except Corrupt:
        return {}
    return {name: value[name] for name, fits in _FITS.items() if name in value and fits(value[name])}


def _wrong(result: Mapping[str, Any]) -> str | None:
    """What keeps it from being a result; None where nothing does."""
    for section in ("metrics", "measured", "provenance"):
        if not isinstance(result.get(section) or {}, dict):
            return f"{section} is no object"
    numbers = (result.get("metrics") or {}) | (result.get("measured") or {})
    accuracy = numbers.get("top1", numbers.get("miou", math.nan))
    if not (_is_number(accuracy) and 0 <= accuracy <= 100):
        return "it has no top1 or miou in percent"
    odd = (name for name, value in numbers.items() if not (value is None or _is_number(value)))
    return next((f"{name} is no number" for name in odd), None)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


_FITS = {
    "status": lambda value: value in get_args(Status),
    "failure": lambda value: value is None or value in get_args(Failure),
    "attempt": _is_count,
    "epoch": _is_count,
    "requeues": _is_count,
    "message": _is_text,
    "launch": _is_text,
    "job": _is_text,
    "code": _is_text,
    "signature": _is_text,
}
