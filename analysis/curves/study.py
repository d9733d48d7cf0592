"""Where the running points of a study will end, from their metrics.jsonl and those of finished points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analysis.curves.curve import PointCurve, curve_of
from analysis.curves.extrapolate import Extrapolation, extrapolate
from analysis.curves.finished import FEWEST_FINISHED, Curve, extrapolate_like
from analysis.noise import Floats
from analysis.sheet import Sheet
from scaling.errors import Refused
from scaling.study.point import Point
from scaling.study.result import Status
from scaling.study.rows import read_rows
from scaling.study.store import Study


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A point that has started but not ended, and its predicted final top-1, in percent."""

    point: str
    """Id of the point."""
    axes: dict[str, int | float]
    epoch: int
    """Epoch of the last evaluation."""
    top1: float
    """Top-1 at the last evaluation."""
    final_top1: float | None
    """Estimate of the final top-1; None where nothing can be said."""
    low: float | None
    high: float | None
    """Bounds of the 95 % interval of the measured final top-1."""
    method: str
    """What the estimate is based on, or why there is none."""


def outlook(path: Path) -> list[Outlook]:
    """The running points of a study that were evaluated at least once, in order of their ids."""
    study = Study.open(path)
    curves = [point_curve(study, point_id) for point_id in study.point_ids()]
    return outlook_of([curve for curve in curves if curve is not None])


def outlook_of(curves: Sequence[PointCurve]) -> list[Outlook]:
    """The outlook of each curve that has not ended, predicted from the completed ones."""
    finished = [curve for curve in curves if curve.status == "completed"]
    return [_seen(curve, finished) for curve in curves if curve.status in ("running", "pending")]


def outlook_sheet(found: Sequence[Outlook]) -> Sheet:
    """One row per running point."""
    return Sheet(
        title="Running points and where they will end",
        note="Top-1 in percent: at the last evaluation, and the estimate at the end with the 95 % interval "
        "of the measurement there."
        if found
        else "No running point of this study has been evaluated.",
        head=("point", *(found[0].axes if found else ()), "epoch", "top-1", "final", "95 %", "message"),
        rows=[
            (
                each.point[:8],
                *(f"{value:g}" for value in each.axes.values()),
                str(each.epoch),
                f"{each.top1:.2f}",
                "" if each.final_top1 is None else f"{each.final_top1:.2f}",
                "" if each.low is None or each.high is None else f"{each.low:.2f} to {each.high:.2f}",
                each.method,
            )
            for each in found
        ],
    )


def point_curve(study: Study, point_id: str) -> PointCurve | None:
    """The curve of a point, whatever its status; None where nothing was measured."""
    return read_curve(study.directory(point_id), study.point(point_id), study.state(point_id).status)


def read_curve(directory: Path, point: Point, status: Status) -> PointCurve | None:
    """The curve of the point in `directory`, whose status is known; None where nothing was measured."""
    return curve_of(point, status, read_rows(directory))


def _seen(curve: PointCurve, finished: list[PointCurve]) -> Outlook:
    final = None
    try:
        found = _extrapolated(curve, finished)
    except Refused as refusal:
        method = str(refusal)
    else:
        method = found.method
        final = [max(0.0, 100 - float(error[0])) for error in (found.estimate, found.high, found.low)]
    estimate, low, high = final or (None, None, None)
    return Outlook(
        point=curve.point.id,
        axes=curve.point.axes,
        epoch=int(curve.epochs[-1]),
        top1=100 - float(curve.error[-1]),
        final_top1=estimate,
        low=low,
        high=high,
        method=method,
    )


def _extrapolated(curve: PointCurve, finished: list[PointCurve]) -> Extrapolation:
    """The extrapolation from finished points like it if there are enough of them, else from the curve
    alone."""
    end = curve.point.epochs
    curves, sizes = like(curve, finished)
    if len(curves) >= FEWEST_FINISHED:
        return extrapolate_like(curve.epochs, curve.error, curves, end=end, sizes=sizes)
    return extrapolate(curve.epochs, curve.error, end)


def like(curve: PointCurve, finished: Sequence[PointCurve]) -> tuple[list[Curve], Floats]:
    """The finished curves of the same setting and epochs (hence the same schedule) that start this early, and
    the logarithms of the knobs [1 + curves, knobs], those of the curve first."""
    share, epochs, setting = curve.epochs[-1] / curve.point.epochs, curve.point.epochs, curve.point.setting
    alike = [
        each
        for each in finished
        if each.point.epochs == epochs
        and each.point.setting == setting
        and len(each.epochs) > 1
        and each.epochs[0] <= share * each.epochs[-1]
    ]
    return [(each.epochs, each.error) for each in alike], np.array(
        [knobs_of(each) for each in (curve, *alike)]
    )


def knobs_of(curve: PointCurve) -> Floats:
    """[knobs], logarithms of the knobs that make a network larger."""
    axes = curve.point.axes
    return np.log([value for axis, value in axes.items() if axis not in ("epochs", "seed")])
