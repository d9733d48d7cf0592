"""A result: one row for a point, whether it has ended, is running, or waits."""

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
    """The state of a point, as status.json holds it."""

    status: Status = "pending"
    failure: Failure | None = None
    """Why it failed, or, while it is pending, why it was interrupted."""
    message: str | None = None
    """One line for people: why it failed, or how far it has come."""
    attempt: int = 0
    """Number of times it was started."""
    epoch: int = 0
    """Number of completed epochs."""
    launch: str | None = None
    """Name of the launch that started it last."""
    requeues: int = 0
    """Number of times this launch resumed it after it was stopped or its process was lost."""
    job: str | None = None
    """The Slurm job that started it last, such as 123_4; None outside Slurm."""
    code: str | None = None
    """Digest of the code that ran it last; a code error is tried again once the code has changed. None where
    the code is not at fault."""
    signature: str | None = None
    """Digest of the traceback; a launch stops if the first points to end all fail with one signature."""

    @property
    def is_marked(self) -> bool:
        """Whether it is marked to run again and no launch has started it since."""
        return self.status == "pending" and self.attempt > 0 and self.launch is None


@dataclass(frozen=True, kw_only=True)
class Result:
    """A point with its state and, once completed, its measurements."""

    point: Point
    state: State
    predicted: Hours | None = None
    """Hours predicted by the last launch before it first started; None if unknown, and in older studies."""
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    """top1, test_top1 (for masks miou, test_miou) in percent; loss, train_loss in nats; and, for
    evaluations at another resolution, such as 28 pixels, top1@28, loss@28 and test_top1@28."""
    measured: Mapping[str, float | None] = field(default_factory=dict)
    """train_seconds and evaluate_seconds (spent in training steps and in evaluations, over all attempts),
    trunk_seconds (part of train_seconds that another point spent on shared steps), memory_bytes (peak)."""
    replayed: str | None = None
    """The table that it was looked up in, with the noise; None if it was trained."""

    @property
    def actual_hours(self) -> float | None:
        """Hours of training and evaluation, comparable to `predicted`; None if either was not measured."""
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
            **({"fingerprint": point.data.fingerprint} if point.data.side is None else {}),
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
    """Settings by dotted name, lists as text; for videos also how clips are sampled."""
    clip = {f"views.{name}": value for name, value in asdict(point.views).items()}
    clip |= {"data.temporal_stride": point.data.temporal_stride}
    return {
        f"{section}.{name}": str(list(value)) if isinstance(value, tuple) else value
        for section in ("model", "recipe", "schedule", "regularization")
        for name, value in asdict(getattr(point, section)).items()
    } | (clip if point.data.clips else {})


def read_result(file: Path | str) -> dict[str, Any] | None:
    """The content of result.json; None if there is no file. Raises Corrupt if it is not a result."""
    value = read_json(file)
    if value is not None and (wrong := _wrong(value)):
        raise Corrupt(f"{file} is not a valid result ({wrong})")
    return value


def read_noted(file: Path | str) -> dict[str, Any]:
    """The fields of a `State` in status.json, without those of a wrong type; empty if it cannot be read."""
    try:
        value = read_json(file) or {}
    except Corrupt:
        return {}
    return {name: value[name] for name, fits in _FITS.items() if name in value and fits(value[name])}


def _wrong(result: Mapping[str, Any]) -> str | None:
    """Why the values are not a result; None if they are."""
    for section in ("metrics", "measured", "provenance"):
        if not isinstance(result.get(section) or {}, dict):
            return f"{section} is not an object"
    numbers = (result.get("metrics") or {}) | (result.get("measured") or {})
    accuracy = numbers.get("top1", numbers.get("miou", math.nan))
    if accuracy is not None and not (_is_number(accuracy) and 0 <= accuracy <= 100):  # null was NaN
        return "it has no top1 or miou in percent"
    odd = (name for name, value in numbers.items() if not (value is None or _is_number(value)))
    return next((f"{name} is not a number" for name in odd), None)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


_FITS = {
    "status": lambda value: value in get_args(Status),
    "failure": _is_text,  # a newer version may know more of them
    "attempt": _is_count,
    "epoch": _is_count,
    "requeues": _is_count,
    "message": _is_text,
    "launch": _is_text,
    "job": _is_text,
    "code": _is_text,
    "signature": _is_text,
}
