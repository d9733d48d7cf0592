"""A prediction: the hours that the plan predicted for each point, compared with those it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from analysis.noise import Floats, Interval, Rows
from analysis.replicates import BOOTSTRAP_SEED, interval
from analysis.table import AXES, Table
from scaling.profile.forecast import Source
from scaling.quantity import counted, duration_text

SOURCES: tuple[str, ...] = (*get_args(Source), "unknown")
"""Evidence of predictions, best first, and `unknown` where it is not stated."""
NETWORK = [name for name in ("data", "setting", *AXES) if name != "epochs"]
"""Columns that determine a training step: predictions for points that agree in them are equally wrong."""
FEWEST_NETWORKS = 6
"""Number of networks below which a median has no interval."""
REPLICATES = 1000


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Comparison of the predictions from one source of evidence, or from all, with what the points took."""

    source: str
    num_points: int
    num_networks: int
    """Number of distinct training steps: points that differ only in seed and epochs count as one."""
    predicted_hours: float
    """Device-hours of all these points."""
    actual_hours: float
    ratio: float
    """Actual over predicted hours, median over the points."""
    ci95: Interval | None
    """Interval of the median, from resampled networks; None for fewer than FEWEST_NETWORKS."""
    range90: Interval
    """Ratios between which at least 90 % of the points lie; all of them where there are 20 or fewer."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The completed points whose hours were predicted, and the accuracy of the predictions."""

    points: pd.DataFrame
    """Rows of the table, with `predicted_from` one of SOURCES and `ratio`."""
    num_completed: int
    """Number of completed points of the table, predicted or not."""
    overall: Agreement
    by_source: Sequence[Agreement]
    """Agreement by source of evidence, best first."""


def prediction(table: Table) -> Prediction | None:
    """Compare the hours of the completed points; None where no point has both."""
    completed = table.rows[table.rows["status"] == "completed"]
    points = completed[completed[["predicted_hours", "actual_hours"]].notna().all(axis=1)]
    if points.empty:
        return None
    source = points["predicted_from"].where(points["predicted_from"].isin(SOURCES), "unknown")
    points = points.assign(predicted_from=source, ratio=points["actual_hours"] / points["predicted_hours"])
    return Prediction(
        points=points,
        num_completed=len(completed),
        overall=_agreement("all", points),
        by_source=[_agreement(name, points[source == name]) for name in SOURCES if (source == name).any()],
    )


def prediction_sentence(found: Prediction) -> str:
    """`The plan said 0.42 device-hours for these 108 points, and it took 0.47: a point took 1.08 times …`"""
    all_points = found.overall
    said, took = _totals_text(all_points.predicted_hours, all_points.actual_hours)
    return (
        f"The plan said {said} for {_which(found)}, and it took {took}: a point took "
        f"{ratio_text(all_points.ratio)} times what was predicted{_spread_text(all_points)}."
    )


def hours_text(hours: float) -> str:
    """Hours with three digits, and as whole hours from 100 on: `0.0135`, `1,204`."""
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"


def ratio_text(ratio: float) -> str:
    """A ratio with two decimals, or with two digits if it is small."""
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"


def _totals_text(predicted: float, actual: float) -> tuple[str, str]:
    """Both totals: `0.42 device-hours`, `0.47`; below six minutes `48.6 s of one device`, `2.5 min`."""
    if max(predicted, actual) < 0.1:
        return f"{duration_text(3600 * predicted)} of one device", duration_text(3600 * actual)
    return f"{hours_text(predicted)} device-hours", hours_text(actual)


def _which(found: Prediction) -> str:
    num_points = found.overall.num_points
    if num_points < found.num_completed:
        return f"{num_points} of the {found.num_completed} completed points"
    return "this point" if num_points == 1 else f"these {counted(num_points, 'point')}"


def _spread_text(agreement: Agreement) -> str:
    if agreement.num_points == 1:
        return ""
    low, high = map(ratio_text, agreement.range90)
    share = "90 % of points" if agreement.num_points > 20 else "all of them"
    return f" (median; {low} to {high} in {share})"


def _agreement(source: str, points: pd.DataFrame) -> Agreement:
    ratios = points["ratio"].to_numpy(dtype=float)
    network = points.groupby(NETWORK, sort=False).ngroup().to_numpy().astype(np.intp)
    low, high = np.quantile(ratios, 0.05, method="lower"), np.quantile(ratios, 0.95, method="higher")
    return Agreement(
        source=source,
        num_points=len(points),
        num_networks=int(network.max()) + 1,
        predicted_hours=float(points["predicted_hours"].sum()),
        actual_hours=float(points["actual_hours"].sum()),
        ratio=float(np.median(ratios)),
        ci95=interval(_median_draws(ratios, network)),
        range90=(float(low), float(high)),
    )


def _median_draws(ratios: Floats, network: Rows) -> Floats | None:
    """Medians over the points of networks drawn with replacement, each with all of its points."""
    num_networks = int(network.max()) + 1
    if num_networks < FEWEST_NETWORKS:
        return None
    order = np.argsort(ratios)
    ratios, network = ratios[order], network[order]
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    draws = np.empty(REPLICATES)
    for replicate in range(REPLICATES):
        drawn = np.bincount(generator.integers(num_networks, size=num_networks), minlength=num_networks)
        num_below = drawn[network].cumsum()
        half = num_below[-1] / 2
        lower, upper = np.searchsorted(num_below, half), np.searchsorted(num_below, half, "right")
        draws[replicate] = (ratios[lower] + ratios[upper]) / 2
    return draws
