"""A crossover: the number of epochs at which depth and width change places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.noise import Floats, Interval, Rows
from analysis.replicates import interval

MOSTLY = 0.95
"""Share of the replicates that must change sides exactly once for a crossover to be reported."""
SAME_NETWORK = 0.05
"""Relative difference in cost above which the pairs of two regimes are of different networks."""


@dataclass(frozen=True, kw_only=True)
class Crossover:
    estimate: float | None
    """Number of epochs."""
    ci95: Interval | None
    status: Literal["inside_range", "none_in_range", "undetermined"]


UNDETERMINED = Crossover(estimate=None, ci95=None, status="undetermined")


def crossover(
    epochs: Sequence[float],
    prefers: Sequence[str],
    common: Sequence[Rows],
    values: Floats,
    replicates: Floats | None,
) -> Crossover:
    """Where the mean advantage over the pairs common to all regimes crosses 0, by `zero` in log epochs.

    `prefers` are the verdicts of the regimes, fewest epochs first; values [pairs], replicates [replicates,
    pairs]. `inside_range` needs decided verdicts on opposite sides at the two ends, and exactly one change of
    sides in MOSTLY of the replicates; `none_in_range` needs the same decided verdict in all regimes. Anything
    else is undetermined.
    """
    if len(epochs) < 2 or replicates is None or not len(common[0]):
        return UNDETERMINED
    if set(prefers) in ({"depth"}, {"width"}):
        return Crossover(estimate=None, ci95=None, status="none_in_range")
    if {prefers[0], prefers[-1]} != {"depth", "width"}:
        return UNDETERMINED
    log_epochs = np.log(epochs)
    estimate = zero(log_epochs, np.array([[values[rows].mean() for rows in common]]))
    draws = zero(log_epochs, np.stack([replicates[:, rows].mean(axis=1) for rows in common], axis=1))
    once = np.isfinite(draws)
    if not np.isfinite(estimate[0]) or once.mean() < MOSTLY:
        return UNDETERMINED
    ci95 = interval(np.exp(draws[once]))
    return Crossover(estimate=float(np.exp(estimate[0])), ci95=ci95, status="inside_range")


def common_pairs(table: pd.DataFrame, cost: str, chosen: Sequence[Rows]) -> list[Rows]:
    """The pairs shared by all regimes, in the same order, so that a change of pairs is not taken for a
    crossover.

    A pair is identified by its base and by the model that is measured at its cost. The recipe may change from
    one regime to the next, as it does in the published study; the networks, and so their costs, may not.
    """
    identity = ["data", "depth", "width", "resolution", "axis_rung", "rival_rung"]
    names = table[identity].fillna({"axis_rung": 0.0, "rival_rung": 0.0}).apply(tuple, axis=1)
    regimes = [dict(zip(names.iloc[rows], rows, strict=True)) for rows in chosen]
    shared = [name for name in regimes[0] if all(name in regime for regime in regimes)] if regimes else []
    places = np.array([[regime[name] for name in shared] for regime in regimes], dtype=np.intp)
    prices = np.log(table[cost].to_numpy(dtype=float))[places]
    same = np.ptp(prices, axis=0) < np.log1p(SAME_NETWORK) if len(shared) else np.zeros(0, dtype=bool)
    return list(places[:, same]) if regimes else []


def zero(x: Floats, y: Floats) -> Floats:
    """Where each row of y [replicates, regimes] crosses 0, if it does so exactly once; else NaN.

    Between two regimes y is a parabola with the mean curvature at the two; with only two regimes, a line.
    """
    turns = np.sign(y[:, 1:]) != np.sign(y[:, :-1])
    at = np.argmax(turns, axis=1)
    row = np.arange(len(y))
    before, after, bend = y[row, at], y[row, at + 1], _bends(x, y)[row, at]
    with np.errstate(divide="ignore", invalid="ignore"):  # rows that do not change sides once
        slope = after - before - bend
        root = np.sign(after - before) * np.sqrt(slope**2 - 4 * bend * before)
        spot = x[at] + (x[at + 1] - x[at]) * -2 * before / (slope + root)
    return np.where(turns.sum(axis=1) == 1, spot, np.nan)


def _bends(x: Floats, y: Floats) -> Floats:
    """[replicates, regimes - 1], second divided differences of y times the squared steps of x: for each step
    the mean over its two ends, or the value at its inner end for the first and the last step."""
    steps = np.diff(x)
    if len(steps) < 2:
        return np.zeros((len(y), len(steps)))
    seconds = np.diff(np.diff(y, axis=1) / steps, axis=1) / (x[2:] - x[:-2])
    around = np.pad(seconds, ((0, 0), (1, 1)), mode="edge")
    return np.asarray((around[:, :-1] + around[:, 1:]) / 2 * steps**2)
