"""Columns: points and the status as plain values for the page, valid JSON without NaN."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from control.knobs import Value
from control.looks import Now
from control.status import Glance
from control.web.curves import Curve, number

NAMED_AT_MOST = 20
"""Most damaged points that are described, by a sentence each."""
Row = Mapping[str, Any]
"""Values of a point by column of the page; `knobs` has those of the knobs that vary."""


def row_of(now: Now, knobs: Mapping[str, Value], curve: Curve, eta_s: float | None) -> Row:
    """The row of a point; `curve` is used only if the point is not completed."""
    point = now.point
    is_completed = now.word == "completed"
    return {
        "id": point.id,
        "state": now.word,
        "epoch": point.epochs if is_completed else point.epoch,
        "epochs": point.epochs,
        "accuracy": number(point.accuracy) if is_completed else None,
        "latest": curve.latest if now.status == "running" else None,
        "flops": point.flops,
        "train_flops": point.train_flops,
        "hours": number(point.predicted_hours),
        "seconds": number(point.train_seconds) if is_completed else curve.seconds,
        "failure": now.failure,
        "message": now.message,
        "where": now.where,
        "eta_s": None if eta_s is None else round(eta_s),
        "knobs": knobs,
    }


def as_columns(rows: Sequence[Row], names: Iterable[str]) -> dict[str, Any]:
    """Rows as columns; `names` are the knobs that vary."""
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in _COLUMNS}
    return columns | {"knobs": {name: [row["knobs"][name] for row in rows] for name in names}}


_COLUMNS = (
    "id",
    "state",
    "epoch",
    "epochs",
    "accuracy",
    "latest",
    "flops",
    "train_flops",
    "hours",
    "seconds",
    "failure",
    "message",
    "where",
    "eta_s",
)


def status_of(glance: Glance, rows: Iterable[Row], *, ended: bool) -> dict[str, Any]:
    """The progress of the study and its cost so far."""
    status, points = glance.status, [now.point for now in glance.points]
    hours = [number(point.predicted_hours) for point in points]
    spent_s = sum(row["seconds"] or 0.0 for row in rows)
    return {
        "num_points": status.num_points,
        "counts": dict(status.counts),
        "num_silent": status.num_silent,
        "share": status.share,
        "eta_s": None if status.eta_s is None else round(status.eta_s),
        "completed_last_hour": status.completed_last_hour,
        "training_hours": spent_s / 3600,
        "predicted_hours": None if None in hours else sum(each or 0.0 for each in hours),
        "train_flops_done": sum(point.share * point.train_flops for point in points),
        "train_flops_total": sum(point.train_flops for point in points),
        "last_result": status.last_result,
        "replayed": status.replayed,
        "scheduler": status.scheduler,
        "failures": {name: asdict(failed) for name, failed in status.failures.items()},
        "ended": ended,
        "num_damaged": len(glance.damaged),
        "damaged": list(glance.damaged.values())[:NAMED_AT_MOST],
    }
