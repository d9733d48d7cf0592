"""The learning curves of a study, from the histories of its W&B runs."""

from __future__ import annotations

from analysis.curves.curve import PointCurve, curve_of
from analysis.source.wandb_point import is_point, result_of
from analysis.source.wandb_runs import read_history, read_runs


def read_curves(source: str) -> list[PointCurve]:
    """The curves of the points of `wandb:ENTITY/PROJECT/GROUP` that have started but not ended, and of the
    completed ones from which they may be predicted, in order of their ids.

    Other histories are not fetched, since each needs its own requests. Raises `Refused` as `read_runs` does.
    """
    found = [(run, result_of(run)) for run in read_runs(source) if is_point(run)]
    unfinished = [result for _, result in found if result.state.status in ("running", "pending")]
    alike = {(result.point.setting, result.point.epochs) for result in unfinished}
    curves = [
        curve_of(result.point, result.state.status, read_history(source, run, ["epoch", "top1"]))
        for run, result in found
        if (result.point.setting, result.point.epochs) in alike and result.state.status != "failed"
    ]
    return [curve for curve in curves if curve is not None]
