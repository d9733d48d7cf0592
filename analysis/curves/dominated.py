"""Dominated while running: a point that will almost certainly end below a model that costs no more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtrit

from analysis.curves.curve import PointCurve
from analysis.curves.finished import final_error
from analysis.curves.study import like
from analysis.noise import Noise, mean_variance, run_sd
from analysis.table import AXES, of_files
from scaling.errors import Refused
from scaling.study.stopping import Stopping

FEWEST_REFERENCES = 8
"""Models of the same setting and epochs, each with a finished point, without which nothing is stopped."""
LEAST_DF = 4
"""Degrees of freedom of the noise without which nothing is stopped."""


@dataclass(frozen=True, kw_only=True)
class Doom:
    """Why a point can no longer matter. Accuracies are in percent."""

    epoch: int
    """Epoch of the rung; later evaluations were not used."""
    top1: float
    """Median of the predicted final accuracy."""
    rival: dict[str, float]
    """Axes of the better model."""
    rival_top1: float

    def sentence(self, point: PointCurve) -> str:
        """The message for the row of the point."""
        rival = " ".join(f"{axis}={value:g}" for axis, value in self.rival.items())
        return (
            f"by {self.epoch} of {point.point.epochs} epochs it would end at {self.top1:.1f} %, and {rival}, "
            f"which costs no more, has {self.rival_top1:.1f} %"
        )


def is_spared(point_id: str, share: float) -> bool:
    """Whether a point is trained to its end in any case; the draw uses its id (hex digits, evenly
    distributed)."""
    return int(point_id, 16) < share * float(16 ** len(point_id))


def dominated(
    running: Sequence[PointCurve],
    finished: Sequence[PointCurve],
    groups: pd.DataFrame,
    noise: Noise,
    stopping: Stopping,
) -> dict[str, Doom]:
    """The running points, by id, that will end below a completed model which costs no more.

    finished: the curves of the completed points; groups, noise: their `noise.group_seeds` and `noise_of`. A
    point is judged by its curve up to the last rung that it has passed, so that judging it again in between
    is not another test. It is dominated if the probability that the mean of its model lies above that of some
    rival is at most (1 - confidence) / rungs. Half of that is spent on the end of its curve and its seed
    noise, and half on the noise of the rivals, the best of which was selected among all models that cost no
    more in FLOPs and in training FLOPs. Nothing is stopped where the noise is hardly known or few finished
    curves are alike.

    A share of the points is spared, whatever their curves, to show what becomes of points that are stopped.
    Without them the ends of stopped curves would be predicted from good models alone, which is biased.
    """
    if noise.df < LEAST_DF:
        return {}
    found = (
        (curve.point.id, _doom(curve, finished, groups, noise, stopping))
        for curve in running
        if not is_spared(curve.point.id, stopping.spared)
    )
    return {point_id: doom for point_id, doom in found if doom is not None}


def _doom(
    curve: PointCurve, finished: Sequence[PointCurve], groups: pd.DataFrame, noise: Noise, stopping: Stopping
) -> Doom | None:
    known = at_rung(curve, stopping.rungs)
    rivals = _rivals(curve, groups)
    if known is None or rivals.empty:
        return None
    curves, sizes = like(known, finished)
    if len(np.unique(sizes[1:], axis=0)) < FEWEST_REFERENCES:
        return None
    level = (1 - stopping.confidence) / len(stopping.rungs) / 2
    error = rivals["error"].to_numpy(dtype=float)
    spread = np.sqrt(mean_variance(rivals, noise))
    bound = error - stdtrit(noise.df, level / len(rivals)) * spread
    best = int(bound.argmin())
    try:
        final = final_error(known.epochs, known.error, curves, end=curve.point.epochs, sizes=sizes)
    except Refused:
        return None
    median = float(np.exp(final.quantile(0.5))[0])
    itself = pd.DataFrame(
        {"error": [median], "resolution": [curve.point.resolution], "flops": [curve.point.cost.flops]}
    )
    own = run_sd(itself, noise)[0] / median * stdtrit(noise.df, level) / ndtri(level)
    scale = np.hypot(final.scale, own)
    if ndtr((np.log(bound[best]) - final.location) / scale).mean() > level:
        return None
    return Doom(
        epoch=int(known.epochs[-1]),
        top1=100 - median,
        rival={axis: float(rivals[axis].iloc[best]) for axis in AXES},
        rival_top1=100 - float(error[best]),
    )


def at_rung(curve: PointCurve, rungs: Collection[float]) -> PointCurve | None:
    """The curve up to its first evaluation at or after the last rung that it has passed; None before any
    rung."""
    shares = curve.epochs / curve.point.epochs
    passed = [rung for rung in rungs if rung <= shares[-1] + 1e-9]
    if not passed:
        return None
    place = int(np.argmax(shares >= max(passed) - 1e-9)) + 1
    return replace(curve, epochs=curve.epochs[:place], error=curve.error[:place])


def _rivals(curve: PointCurve, groups: pd.DataFrame) -> pd.DataFrame:
    """Other models of the data set that cost no more."""
    point = curve.point
    alike = (groups[list(AXES)] == [getattr(point, axis) for axis in AXES]).all(axis=1)
    own = alike & groups["setting"].str.startswith(point.setting)  # the setting of a table may have additions
    cheap = (groups["flops"] <= point.cost.flops) & (groups["train_flops"] <= point.cost.train_flops)
    named = (point.data.name, of_files(point.data.name, point.data.fingerprint))
    rivals: pd.DataFrame = groups[cheap & ~own & groups["data"].isin(named)]
    return rivals
