"""A W&B run that this project sent, as the result of its point that a study directory would hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scaling.profile.forecast import Hours
from scaling.study.result import Result, State
from scaling.study.settings import point_from_json
from scaling.study.store import GONE

ALIVE = ("running", "pending", "preempting")
"""States of a W&B run that may still grow."""
METRICS = ("top1", "test_top1", "loss", "train_loss")
ELSEWHERE = ("loss", "top1", "test_top1")
"""Metrics at each further resolution, in the order of a result."""
MEASURED = ("train_seconds", "evaluate_seconds", "trunk_seconds")


def is_point(run: Any) -> bool:
    """Whether a run's config is that of a point of a study."""
    return {"schema", "id", "setting"} <= set(run.config)


def result_of(run: Any) -> Result:
    """The result of a run's point. Raises `Refused` where its settings are not those of a point."""
    config, summary = nested(run.config), run.summary_metrics
    predicted = config.get("predicted")
    state = _state(run.state, summary)
    completed = state.status == "completed"  # otherwise a metric is that of the last epoch
    point = point_from_json({"model": {}, **config})
    return Result(
        point=point,
        state=state,
        predicted=Hours(**predicted) if predicted else None,
        metrics=_metrics(summary, point.evaluate_at) if completed else {},
        measured=_measured(summary) if completed else {},
    )


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Keys joined by slashes as nested dicts: the inverse of `tracking.view.flatten`."""
    values: dict[str, Any] = {}
    for key, value in flat.items():
        *way, name = key.split("/")
        inner = values
        for step in way:
            inner = inner.setdefault(step, {})
        inner[name] = value
    return values


def _state(now: str, summary: Mapping[str, Any]) -> State:
    """State of the point, from the status in its summary and from whether its run is alive."""
    told = summary.get("status")
    if told == "completed":
        return State(status="completed")
    if now in ALIVE:  # the status in the summary is that of an earlier attempt
        return State(status="running")
    if told in ("failed", "pending"):
        return State(status=told, failure=summary.get("failure"), message=summary.get("message"))
    return State(status="failed", failure="killed", message=GONE)


def _metrics(summary: Mapping[str, Any], sides: Sequence[int]) -> dict[str, float | None]:
    elsewhere = [f"{name}@{side}" for side in sides for name in ELSEWHERE]
    return {name: _number(summary[name]) for name in (*METRICS, *elsewhere) if name in summary}


def _measured(summary: Mapping[str, Any]) -> dict[str, float | None]:
    measured = {name: _number(summary.get(f"cost/{name}")) for name in MEASURED}
    memory = summary.get("cost/memory_bytes")
    return {**measured, "memory_bytes": None if memory is None else int(memory)}


def _number(value: Any) -> float | None:
    """A number; W&B has NaN and infinities as text."""
    return None if value is None else float(value)
