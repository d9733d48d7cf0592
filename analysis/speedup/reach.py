"""Reach: the cost at which a family reaches an accuracy, along its frontier and never beyond it."""

from __future__ import annotations

import numpy as np

from analysis.noise import Floats
from analysis.pairs.ladder import MAX_GAP

MAX_ELEMENTS = 20_000_000
"""Maximum number of elements of an array allocated at once."""


def ends(log_cost: Floats, top1: Floats) -> tuple[Floats, Floats]:
    """Accuracies of the cheapest and of the best model, [replicates] each, from [replicates, models]."""
    order = np.lexsort((-top1, log_cost), axis=-1)
    cheapest = np.take_along_axis(top1, order[:, :1], axis=1)[:, 0]
    return cheapest, top1.max(axis=1)


def reach(log_cost: Floats, top1: Floats, at: Floats) -> Floats:
    """[replicates, k], log cost at which each replicate's frontier reaches each accuracy.

    `log_cost` and `top1` are [replicates, models], `at` is [replicates, k]. Between its models the frontier
    is linear in accuracy over log cost. It is -inf below the cheapest model and inf above the best, where the
    measurements only show that the cost would be lower, or higher. NaN in a gap of more than MAX_GAP times
    the cost.
    """
    rows = max(1, MAX_ELEMENTS // (log_cost.shape[1] * at.shape[1]))
    parts = [slice(start, start + rows) for start in range(0, len(at), rows)]
    return np.concatenate([_reach(log_cost[part], top1[part], at[part]) for part in parts])


def _reach(log_cost: Floats, top1: Floats, at: Floats) -> Floats:
    order = np.lexsort((-top1, log_cost), axis=-1)
    cost = np.take_along_axis(log_cost, order, axis=1)
    best = np.maximum.accumulate(np.take_along_axis(top1, order, axis=1), axis=1)
    is_member = np.diff(best, axis=1, prepend=-np.inf) > 0
    member = np.maximum.accumulate(np.where(is_member, np.arange(cost.shape[1]), 0), axis=1)
    above = (best[:, :, None] < at[:, None, :]).sum(axis=1)
    high = np.minimum(above, cost.shape[1] - 1)
    low = np.take_along_axis(member, np.maximum(above - 1, 0), axis=1)
    low_top1, high_top1 = (np.take_along_axis(best, place, axis=1) for place in (low, high))
    low_cost, high_cost = (np.take_along_axis(cost, place, axis=1) for place in (low, high))
    rise = np.where(high_top1 > low_top1, high_top1 - low_top1, 1.0)
    share = (at - low_top1) / rise
    found = low_cost + share * (high_cost - low_cost)
    found[(high_cost - low_cost > np.log(MAX_GAP)) & (share < 1)] = np.nan
    found[above == cost.shape[1]] = np.inf
    found[at < best[:, :1]] = -np.inf
    return np.asarray(found)
