"""Learning curves of points, as plain values for the page."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from control.web.inside import end_of
from scaling.study.store import Study

POINTS_AT_MOST = 50
"""Most curves in one answer."""
_BYTES_AT_MOST = 4_000_000
"""Most bytes of metrics.jsonl that are read: those of more than 10,000 epochs."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One entry per evaluated epoch, in order; None stands for a value that is not finite."""

    epoch: Sequence[float]
    accuracy: Sequence[float | None]
    """Accuracy in percent: `top1`, or `miou` for masks."""
    loss: Sequence[float | None]
    """Validation loss in nats."""
    seconds: float | None
    """Seconds spent in training steps up to the last epoch."""

    @property
    def latest(self) -> float | None:
        return next((each for each in reversed(self.accuracy) if each is not None), None)


NOTHING = Curve(epoch=(), accuracy=(), loss=(), seconds=None)


def read_curve(study: Study, point_id: str) -> Curve:
    """The curve of a point, without lines that cannot be read; `point_id` must be one of the study's."""
    try:
        lines = end_of(study, point_id, "metrics.jsonl", _BYTES_AT_MOST).splitlines()
    except OSError:
        return NOTHING
    rows: dict[float, Mapping[str, Any]] = {}
    for row in map(_row, lines):
        epoch = number(row.get("epoch"))
        if epoch is not None:
            rows[epoch] = row
    if not rows:
        return NOTHING
    ordered = [rows[epoch] for epoch in sorted(rows)]
    evaluated = [row for row in ordered if row.get("loss") is not None or _accuracy(row) is not None]
    return Curve(
        epoch=[row["epoch"] for row in evaluated],
        accuracy=[number(_accuracy(row)) for row in evaluated],
        loss=[number(row.get("loss")) for row in evaluated],
        seconds=number(ordered[-1].get("seconds")),
    )


def curve_columns(point_ids: Sequence[str], curve_of: Callable[[str], Curve]) -> dict[str, Any]:
    """Curves of the first POINTS_AT_MOST points, by column; `of` is the number of all."""
    shown = point_ids[:POINTS_AT_MOST]
    found = [curve_of(each) for each in shown]
    return {
        "ids": shown,
        "epoch": [curve.epoch for curve in found],
        "accuracy": [curve.accuracy for curve in found],
        "loss": [curve.loss for curve in found],
        "of": len(point_ids),
    }


def number(value: object) -> float | None:
    """The value if it is a finite number, else None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None  # type: ignore[arg-type, return-value]


def _accuracy(row: Mapping[str, Any]) -> object:
    return row.get("top1", row.get("miou"))


def _row(line: bytes) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        return {}
    return row if isinstance(row, dict) else {}
