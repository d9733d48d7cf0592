"""A price: one cost of every model in logarithms, with replicates of costs that were measured with an
interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from analysis.metric import FLOPS, PARAMS, Metric
from analysis.noise import GROUP, Floats
from analysis.replicates import BOOTSTRAP_SEED
from analysis.table import Table

HALF = float(ndtri(0.975))
"""Standard deviations in half a 95 % interval."""


@dataclass(frozen=True)
class Price:
    metric: Metric
    log: Floats
    """[groups], natural logarithms; NaN where the cost is not known."""
    spread: Floats
    """[groups], standard deviations of the measured logarithms; 0 for exact costs."""
    draws: Floats | None
    """[replicates, groups], replicates of the logarithms; None where there are none."""


def prices(table: Table, groups: pd.DataFrame, num_replicates: int) -> list[Price]:
    """The prices of profiled metrics, then of FLOPs and parameters, where some group has them.

    A cost measured with an interval is resampled for every model independently, from a normal distribution on
    the log scale. Other costs are taken as exact.
    """
    return list(_prices(table, groups, num_replicates))


def _prices(table: Table, groups: pd.DataFrame, num_replicates: int) -> Iterator[Price]:
    for place, metric in enumerate((*table.profiled, FLOPS, PARAMS)):
        log = _log_mean(table, groups, metric.column)
        if np.isnan(log).all():
            continue
        spread = np.zeros_like(log)
        if metric.bounds and all(bound in table.usable for bound in metric.bounds):
            low, high = (_log_mean(table, groups, bound) for bound in metric.bounds)
            spread = np.nan_to_num((high - low) / (2 * HALF))
        yield Price(metric, log, spread, _drawn(log, spread, num_replicates, place))


def _drawn(log: Floats, spread: Floats, num_replicates: int, place: int) -> Floats | None:
    if not num_replicates:
        return None
    if not spread.any():
        return np.broadcast_to(log, (num_replicates, len(log)))
    normal = np.random.default_rng((BOOTSTRAP_SEED, place)).standard_normal((num_replicates, len(log)))
    return np.asarray(log + spread * normal)


def _log_mean(table: Table, groups: pd.DataFrame, column: str) -> Floats:
    """[groups], logarithm of the mean over a group's rows; NaN where there is no value above 0."""
    rows = table.usable
    values = pd.to_numeric(rows[column], errors="coerce") if column in rows else pd.Series(np.nan, rows.index)
    means = values.where(values > 0).groupby([rows[name] for name in GROUP]).mean()
    found = groups[list(GROUP)].join(means.rename("mean"), on=list(GROUP))["mean"]
    return np.asarray(np.log(found.to_numpy(dtype=float)))
