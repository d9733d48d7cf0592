"""What can be built: sizes of networks that exist in a family, and the costs of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import Floats
from analysis.setting import Base
from analysis.table import AXES
from scaling.errors import Refused
from scaling.models.families import nearest_depth

NUM_VALUES = 20
"""Number of values of depth, width and resolution, evenly spaced in the logarithm, that are searched besides
the measured ones."""
SIZE = ("depth", "width", "resolution")


@dataclass(frozen=True)
class Latency:
    """Log latency as a linear function of the logarithms of depth, width and resolution, by least squares."""

    weights: Floats
    error: float
    """Typical relative error: the root mean square of the residuals."""

    def of(self, rows: pd.DataFrame) -> Floats:
        """[n], latency in milliseconds."""
        return np.asarray(np.exp(_design(rows) @ self.weights))


def latency_model(rows: pd.DataFrame) -> Latency | None:
    """The model fitted to the measured latencies; None where there are too few."""
    known = rows[rows["latency_ms"].notna()].drop_duplicates(list(SIZE))
    if len(known) < 2 * (len(SIZE) + 1):
        return None
    target = np.log(known["latency_ms"].to_numpy(dtype=float))
    weights = np.linalg.lstsq(_design(known), target, rcond=None)[0]
    residual = target - _design(known) @ weights
    return Latency(weights, float(np.sqrt((residual**2).sum() / (len(known) - len(SIZE) - 1))))


def sizes_around(rows: pd.DataFrame, base: Base, low: float, high: float) -> pd.DataFrame:
    """Sizes that can be built in the measured range, extended by the square roots of `low` and `high`, the
    ratios of the budget to the cheapest and the dearest measured model where it lies beyond them (else 1)."""
    values = {}
    for axis in SIZE:
        measured = np.unique(rows[axis].to_numpy(dtype=float))
        if len(measured) == 1:
            values[axis] = measured
            continue
        ends = measured[0] * low**0.5, measured[-1] * high**0.5
        values[axis] = np.union1d(measured, _rounded(axis, np.geomspace(*ends, NUM_VALUES), measured, base))
    grid = np.meshgrid(*values.values(), indexing="ij")
    return pd.DataFrame({axis: each.ravel() for axis, each in zip(SIZE, grid, strict=True)})


def _rounded(axis: str, values: Floats, measured: Floats, base: Base) -> Floats:
    """Depths that the family has, widths rounded to two digits, and resolutions in steps of those
    measured."""
    if axis == "depth":
        return np.array([nearest_depth(base.family, value) for value in values])
    if axis == "width":
        return np.array([float(f"{value:.2g}") for value in values])
    step = math.gcd(*(int(value) for value in measured))
    return np.maximum(step, np.round(values / step) * step)


def priced(base: Base, sizes: pd.DataFrame, latency: Latency | None) -> pd.DataFrame:
    """The sizes with the costs of each; those that cannot be built are left out."""
    found = []
    for depth, width, resolution, epochs in sizes[list(AXES)].to_numpy(dtype=float).tolist():
        try:
            cost = base.price(depth, width, int(resolution), int(epochs))
        except Refused:
            continue
        costs = cost.params, cost.flops, cost.train_flops, cost.memory_gb
        found.append((depth, width, resolution, epochs, *costs))
    models = pd.DataFrame(found, columns=[*AXES, "params", "flops", "train_flops", "memory_gb"])
    return models.assign(latency_ms=latency.of(models) if latency else np.nan)


def _design(rows: pd.DataFrame) -> Floats:
    return np.column_stack([np.log(rows[list(SIZE)].to_numpy(dtype=float)), np.ones(len(rows))])
