"""Stopped points: rows of points that were stopped early, with the accuracy extrapolated from their
curves."""

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
"""Width of a 95 % normal interval, in standard deviations."""


def with_stopped(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows of the study at `path`, with extrapolated accuracies of its stopped points.

    They are extrapolated from the completed points of the same setting and epochs, if there are enough.
    Whether a point was stopped depends only on its curve so far, on costs, and on other points, so points of
    the same size and the same error that continued are representative of it.
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
    """Extrapolated final accuracy in percent and its standard deviation in points, from its interval; NaN
    where too few curves have finished."""
    curves, sizes = like(curve, finished)
    with suppress(Refused):
        final = final_error(curve.epochs, curve.error, curves, end=curve.point.epochs, sizes=sizes)
        low, middle, high = (min(100.0, float(np.exp(final.quantile(q))[0])) for q in (0.025, 0.5, 0.975))
        return 100 - middle, (high - low) / WITHIN_95
    return np.nan, np.nan
