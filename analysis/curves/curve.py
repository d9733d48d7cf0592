"""The learning curve of one point: its validation error by epoch, whether read from disk or from W&B."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.noise import Floats
from scaling.study.point import Point
from scaling.study.result import Status


@dataclass(frozen=True, kw_only=True)
class PointCurve:
    """The validation error of a point so far; arrays are [evaluations]."""

    point: Point
    status: Status
    epochs: Floats
    error: Floats
    """Error in percent; an error of 0 becomes that of half an image."""


def curve_of(point: Point, status: Status, rows: Iterable[Mapping[str, Any]]) -> PointCurve | None:
    """The curve from rows of epochs, using those with `top1` (percent); None where no row has it."""
    top1 = {float(row["epoch"]): float(row["top1"]) for row in rows if row.get("top1") is not None}
    if not top1:
        return None
    half_an_image = 50 / point.data.num_val
    return PointCurve(
        point=point,
        status=status,
        epochs=np.array(list(top1)),
        error=np.maximum(100 - np.array(list(top1.values())), half_an_image),
    )
