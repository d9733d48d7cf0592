"""Stopped points: rows of a study that were stopped early, with the accuracy that their curves tell."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.curves.curve import PointCurve
from analysis.curves.finished import final_error
from analysis.curves.study import like, point_curve
from analysis.table import EXTRAPOLATED, EXTRAPOLATED_SD
from scaling.errors import Refused
from scaling.study.store import Study

WITHIN_95 = 2 * float(ndtri(0.975))
"""Width of a normal interval of 95 %, in standard deviations."""


def with_stopped(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows of the study at `path`, with what is told of the ends of its stopped points.

    They are told from the completed points of their setting and epochs: of too few, nothing is. Whether a
    point was stopped depends on nothing but its curve up to there, the costs, and other points, so that those
    that went on, at the same height of the curve and of the same size, stand for those that did not.
    """
    stopped = rows[rows["failure"] == "dominated"]
    if stopped.empty:
        return rows
    study, of = Study.open(path), ["setting", "epochs"]
    alike = rows[rows["status"] == "completed"].merge(stopped[of].drop_duplicates(), on=of)["point"]
    finished = [curve for each in alike if (curve := point_curve(study, each)) is not None]
    told = {
        each: told_end(curve, finished) for each in stopped["point"] if (curve := point_curve(study, each))
    }
    ends = pd.DataFrame.from_dict(told, orient="index", columns=[EXTRAPOLATED, EXTRAPOLATED_SD])
    return rows.join(ends, on="point")


def told_end(curve: PointCurve, finished: Sequence[PointCurve]) -> tuple[float, float]:
    """Accuracy at the end in percent, and the standard deviation of it in points, from the interval;
    NaN where too few have finished."""
    curves, sizes = like(curve, finished)
    with suppress(Refused):
        final = final_error(curve.epochs, curve.error, curves, end=curve.point.epochs, sizes=sizes)
        low, middle, high = (min(100.0, float(np.exp(final.quantile(q))[0])) for q in (0.025, 0.5, 0.975))
        return 100 - middle, (high - low) / WITHIN_95
    return np.nan, np.nan
