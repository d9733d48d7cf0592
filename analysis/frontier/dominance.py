"""Dominance: the points that no other beats in all objectives at once, ranks of points, and the volume they
cover."""

from __future__ import annotations

from collections.abc import Sequence

import moocore
import numpy as np
import numpy.typing as npt

from analysis.metric import Direction
from analysis.noise import Floats

Mask = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.int64]

SAMPLE = 2000
"""Number of rows searched for a good one; fewer rows are not worth a search."""
WORTHWHILE = 0.3
"""Share of the rows that a good row must dominate for another search."""
MAX_RIVALS = 1000
"""Number of points with which all others are compared to discard early those that never are on the
frontier."""


def nondominated(objectives: npt.ArrayLike, directions: Sequence[Direction]) -> Mask:
    """Which rows of [points, objectives] no other row beats.

    A row is beaten by one that is as good in every objective and better in one, so ties and duplicates all
    stay. A row with a NaN or an infinity is never on the frontier and beats no other.
    """
    values, finite = _minimised(objectives, directions)
    mask = np.zeros(len(finite), dtype=bool)
    rows, rest = _undropped(values)
    if len(rows):
        mask[np.flatnonzero(finite)[rows]] = moocore.is_nondominated(rest, keep_weakly=True)
    return mask


def ranks(objectives: npt.ArrayLike, directions: Sequence[Direction]) -> Ranks:
    """Non-domination ranks of [points, objectives]: 1 for the frontier, 2 for the frontier of the rest, and
    so on (Goldberg 1989; the fronts of NSGA-II). 0 for a row with a NaN or an infinity."""
    values, finite = _minimised(objectives, directions)
    found = np.zeros(len(finite), dtype=np.int64)
    if len(values):
        found[finite] = moocore.pareto_rank(values) + 1
    return found


def hypervolume(
    objectives: npt.ArrayLike, directions: Sequence[Direction], reference: npt.ArrayLike
) -> float:
    """The volume that the rows of [points, objectives] dominate, up to the reference point [objectives].

    Its unit is the product of those of the objectives (Zitzler and Thiele 1998). Rows with a NaN or an
    infinity, and rows that are not better than the reference point in every objective, add nothing.
    """
    values, _ = _minimised(objectives, directions)
    worst, _ = _minimised(np.atleast_2d(np.asarray(reference, dtype=float)), directions)
    inside = values[(values < worst).all(axis=1)]
    return float(moocore.hypervolume(inside, ref=worst[0])) if len(inside) else 0.0


def membership(costs: npt.ArrayLike, errors: Floats) -> Floats:
    """[points], share of the replicates in which each point is non-dominated.

    `costs` [points] or [points, costs] are the same in all replicates, `errors` [replicates, points] are not;
    all are finite, and lower is better.
    """
    values = np.asarray(costs, dtype=float)
    if values.ndim == 1 or values.shape[1] == 1:
        return _membership_at_one_cost(values.ravel(), errors)
    rivals = _ever_undominated(values, errors)
    share = np.zeros(len(values))
    both = np.column_stack([values, values[:, 0]])[rivals]
    for replicate in errors[:, rivals]:
        both[:, -1] = replicate
        share[rivals] += moocore.is_nondominated(both, keep_weakly=True)
    return share / len(errors)


def _ever_undominated(costs: Floats, errors: Floats) -> npt.NDArray[np.intp]:
    """The points that are not beaten even at their lowest error by a point of no higher costs at its highest
    error.

    In every replicate all others are dominated, and whatever they dominate is dominated by others too.
    """
    lowest, highest = errors.min(axis=0), errors.max(axis=0)
    steady = np.flatnonzero(moocore.is_nondominated(np.column_stack([costs, highest]), keep_weakly=True))
    left = np.arange(len(costs))
    for rival in steady[np.argsort(highest[steady])][:MAX_RIVALS]:
        beaten = (costs[left] >= costs[rival]).all(axis=1) & (lowest[left] > highest[rival])
        left = left[~beaten]
    return left


def _membership_at_one_cost(cost: Floats, errors: Floats) -> Floats:
    levels, level = np.unique(cost, return_inverse=True)
    order = np.argsort(level, kind="stable")
    starts = np.searchsorted(level[order], np.arange(len(levels)))
    best = np.minimum.reduceat(errors[:, order], starts, axis=1)
    cheaper = np.full((len(errors), len(levels)), np.inf)
    cheaper[:, 1:] = np.minimum.accumulate(best, axis=1)[:, :-1]
    stays = (errors <= best[:, level]) & (errors < cheaper[:, level])
    return np.asarray(stays.mean(axis=0))


def _minimised(objectives: npt.ArrayLike, directions: Sequence[Direction]) -> tuple[Floats, Mask]:
    """The finite rows with every objective to be minimised, and the mask of these rows."""
    values = np.asarray(objectives, dtype=float)
    finite = np.logical_and.reduce([np.isfinite(column) for column in values.T])
    kept = values if finite.all() else values[finite]
    signs = np.array([1.0 if direction == "minimise" else -1.0 for direction in directions])
    return (kept if (signs > 0).all() else kept * signs), finite


def _undropped(values: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Indices and values of the rows that are left after dropping those dominated by a few good rows.

    Whatever a dropped row dominates, the good row dominates too, so the frontier of the rest is that of all.
    Where the frontier is small, a few passes leave little; the search stops when a good row drops few others.
    """
    rows = np.arange(len(values))
    while len(values) > SAMPLE:
        sample = values[:: len(values) // SAMPLE]
        ranks = [np.searchsorted(np.sort(column), column) for column in sample.T]
        good = sample[np.argmin(np.sum(ranks, axis=0))]
        kept = np.flatnonzero(~_dominated_by(good, values))
        if len(kept) > (1 - WORTHWHILE) * len(values):
            break
        rows, values = rows[kept], values[kept]
    return rows, values


def _dominated_by(point: Floats, values: Floats) -> Mask:
    columns = list(zip(values.T, point, strict=True))
    no_better = np.logical_and.reduce([column >= value for column, value in columns])
    worse = np.logical_or.reduce([column > value for column, value in columns])
    return np.asarray(no_better & worse)
