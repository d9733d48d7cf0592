"""A pair of families: their costs where they reach the same accuracy, along both frontiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import Floats, Rows
from analysis.speedup.model_family import ModelFamily
from analysis.speedup.price import Price
from analysis.speedup.reach import ends, reach

STEPS = (np.arange(24) + 0.5) / 24
"""Places in the common range of accuracy at which costs are compared, as shares of the range."""

Bounds = tuple[float | None, float | None]
"""An interval; None at an end that lies beyond what was measured."""


@dataclass(frozen=True)
class Side:
    """A family at one cost, its models cheapest first."""

    family: ModelFamily
    titles: tuple[str, ...]
    log_cost: Floats
    """[1, models], as measured."""
    top1: Floats
    log_cost_draws: Floats
    """[replicates, models]; no replicates where the noise is unknown."""
    top1_draws: Floats


def side(family: ModelFamily, price: Price, groups: pd.DataFrame, draws: Floats | None) -> Side:
    """The models of the family that have this cost."""
    rows = family.rows[np.isfinite(price.log[family.rows])]
    order = np.argsort(price.log[rows], kind="stable")
    rows, titles = rows[order], dict(zip(family.rows, family.titles, strict=True))
    top1 = 100.0 - groups["error"].to_numpy(dtype=float)[rows]
    is_drawn = draws is not None and price.draws is not None
    none = np.empty((0, len(rows)))
    return Side(
        family=family,
        titles=tuple(titles[row] for row in rows),
        log_cost=price.log[None, rows],
        top1=top1[None, :],
        log_cost_draws=price.draws[:, rows] if is_drawn and price.draws is not None else none,
        top1_draws=100.0 - draws[:, rows] if is_drawn and draws is not None else none,
    )


def log_times(base: Side, family: Side, *, drawn: bool = False) -> Floats:
    """Mean logarithm of the ratio of the base's cost to the family's over the accuracies that both reach,
    [1], or [replicates] if `drawn`."""
    ours, theirs = (
        (each.log_cost_draws, each.top1_draws) if drawn else (each.log_cost, each.top1)
        for each in (base, family)
    )
    if not len(ours[0]):
        return np.empty(0)
    (our_low, our_high), (their_low, their_high) = ends(*ours), ends(*theirs)
    low, high = np.maximum(our_low, their_low), np.minimum(our_high, their_high)
    at = low[:, None] + np.maximum(high - low, 0)[:, None] * STEPS
    ratio = reach(*ours, at) - reach(*theirs, at)
    known = np.isfinite(ratio) & (low <= high)[:, None]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, ratio, 0.0).sum(axis=1) / known.sum(axis=1))


def times_at(base: Side, places: Rows, family: Side) -> list[tuple[float | None, Bounds | None]]:
    """The ratio of the cost of each of these models of the base to that of the family at the same accuracy,
    with its interval."""
    found = base.log_cost[:, places] - reach(family.log_cost, family.top1, base.top1[:, places])
    times = [ratio_of(each) for each in found[0]]
    if not len(base.top1_draws):
        return [(each, None) for each in times]
    reached = reach(family.log_cost_draws, family.top1_draws, base.top1_draws[:, places])
    draws = base.log_cost_draws[:, places] - reached
    return [
        (each, None if each is None else bounds_of(column))
        for each, column in zip(times, draws.T, strict=True)
    ]


def bounds_of(log_times: Floats) -> Bounds | None:
    """The 95 % interval of a ratio from replicates [replicates] of its logarithm. A NaN replicate counts
    against both ends; an end at infinity is open."""
    if not len(log_times):
        return None
    unknown = np.isnan(log_times)
    low, high = (
        float(np.quantile(np.where(unknown, end, log_times), share, method="nearest"))
        for end, share in ((-np.inf, 0.025), (np.inf, 0.975))
    )
    return ratio_of(low), ratio_of(high)


def ratio_of(log_ratio: float) -> float | None:
    """The ratio; None where it is not finite."""
    return float(np.exp(log_ratio)) if np.isfinite(log_ratio) else None
