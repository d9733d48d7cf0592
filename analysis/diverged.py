"""Diverged models: completed, but with an error far above what all others of the grid predict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from analysis.noise import Floats, clipped
from analysis.table import AXES

FAR = 8.0
"""Robust standard deviations above the additive fit from which on a model counts as diverged; large enough
for the interactions of a grid not to count (the published ResNet grid reaches 7.4)."""
FAR_POINTS = 5.0
"""Points that a model must also lie above the fit."""
MOST = 0.1
"""Where more than this share of the models would count as diverged, none does: then it is the fit that is
wrong."""
MAX_LEVELS = 200
"""Number of effects of all axes together beyond which the models are not considered a grid."""
ITERATIONS = 30


def diverged(groups: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which groups [n] diverged without being marked so.

    In each setting the logit of the error is fitted as a sum of effects, one for each value of each axis, by
    least absolute residuals (iteratively reweighted), so that a few diverged models do not bend the fit. A
    wide range bends it too, so a diverged model must also be far above the line through its neighbours on
    most axes.
    """
    found = np.zeros(len(groups), dtype=bool)
    for rows in groups.groupby(["data", "setting"]).indices.values():
        block = groups.iloc[rows]
        num_effects = 1 + sum(block[axis].nunique() - 1 for axis in AXES)
        if num_effects > MAX_LEVELS or len(block) < 2 * num_effects:
            continue
        design = _design(block)
        share = clipped(block["error"].to_numpy(dtype=float)) / 100
        logit = np.log(share / (1 - share))
        fitted = _least_absolute(design, logit)
        residual = logit - fitted
        spread = 1.4826 * float(np.median(np.abs(residual)))
        far = (residual > FAR * spread) & (_points(logit, fitted) > FAR_POINTS)
        suspects = np.flatnonzero(far)
        nearby = np.array([_by_neighbours(block, logit, int(suspect)) for suspect in suspects])
        far[suspects] = _points(logit[suspects], nearby) > FAR_POINTS
        if far.mean() <= MOST:
            found[rows] = far
    return found


def _points(logit: Floats, expected: Floats) -> Floats:
    """[n], difference of two errors in points."""
    return np.asarray(100 / (1 + np.exp(-logit)) - 100 / (1 + np.exp(-expected)))


def _by_neighbours(block: pd.DataFrame, logit: Floats, place: int) -> float:
    """Logit at a model predicted from its two nearest models on each axis, linearly in the axis' logarithm:
    the median over the axes, or minus infinity where no axis has two."""
    row, told = block.iloc[place], []
    for axis in AXES:
        others = [other for other in AXES if other != axis]
        line = np.flatnonzero((block[others] == row[others]).all(axis=1) & (block[axis] != row[axis]))
        if len(line) < 2:
            continue
        steps = np.log((block[axis].iloc[line] / row[axis]).to_numpy(dtype=float))
        near = np.argsort(np.abs(steps), kind="stable")[:2]
        (first, second), (low, high) = steps[near], logit[line[near]]
        told.append(low - first * (high - low) / (second - first))
    return float(np.median(told)) if told else -np.inf


def _design(block: pd.DataFrame) -> sparse.csr_array:
    """[n, 1 + effects], design matrix; the first value of each axis has no effect."""
    parts = [sparse.csr_array(np.ones((len(block), 1)))]
    for axis in AXES:
        place = pd.factorize(block[axis])[0]
        rows = np.flatnonzero(place)
        shape = (len(block), place.max())
        parts.append(sparse.csr_array((np.ones(len(rows)), (rows, place[rows] - 1)), shape=shape))
    return sparse.csr_array(sparse.hstack(parts))


def _least_absolute(design: sparse.csr_array, response: Floats) -> Floats:
    weight = np.ones(len(response))
    for _ in range(ITERATIONS):
        weighted = sparse.csr_array(design.multiply(weight[:, None]))
        normal = (design.T @ weighted).toarray()
        solution = np.linalg.lstsq(normal, weighted.T @ response, rcond=None)[0]
        fitted = design @ solution
        weight = 1 / np.maximum(np.abs(response - fitted), 1e-4)
    return np.asarray(fitted)
