"""Depth against width at equal FLOPs: the verdict in each training regime, and the epochs where it turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.ladder import Comparisons, compare
from analysis.noise import Floats, Interval, Noise, Rows, interval

MIN_PAIRS = 3
"""Fewer pairs than this are no rule."""
MIN_DF = 3
"""Fewer degrees of freedom than this do not say how large the noise is."""
MOSTLY = 0.95
"""Share of the replicates that must turn once, from one side to the other, before a crossover is named."""

Verdict = Literal["depth", "width", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Regime:
    epochs: float
    setting: str
    """The one setting these pairs come from: the one with most of them at these epochs."""
    prefer: Verdict
    advantage_points: float
    """Mean over the pairs of depth minus width in top-1 points at equal FLOPs."""
    ci95: Interval | None
    """95 % interval of that mean for these pairs, from seed noise; None when the noise is unknown."""
    num_pairs: int
    pairs_disagree: bool
    """Beyond noise, depth is better in some pair and width in another: the mean is no rule."""


@dataclass(frozen=True, kw_only=True)
class Crossover:
    estimate: float | None
    ci95: Interval | None
    status: Literal["inside_range", "none_in_range", "undetermined"]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    table: pd.DataFrame
    """The columns of `Comparisons.table` (axis depth, rival width) with advantage_points, low, high."""
    regimes: tuple[Regime, ...]
    """Fewest epochs first."""
    crossover: Crossover


def depth_against_width(groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> Pairs:
    """Compare all pairs at equal FLOPs and give a verdict per number of epochs.

    A verdict needs an interval of the mean that excludes 0, MIN_PAIRS pairs, MIN_DF degrees of freedom of the
    noise, and no pairs that contradict each other beyond noise. The interval is about these pairs under new
    seeds; it is a bootstrap by architecture (see `noise.draw_errors`), so points that pairs share are moved
    together.
    """
    comparisons = compare(groups, "depth", "width")
    values = comparisons.advantage(groups["error"].to_numpy(dtype=float))
    replicates = None if draws is None else comparisons.advantage(draws)
    chosen = _one_setting_per_regime(comparisons.table)
    regimes = tuple(_regime(comparisons, rows, values, replicates, noise) for rows in chosen if len(rows))
    table = comparisons.table.assign(advantage_points=values, **_bounds(replicates, len(values)))
    return Pairs(
        table=table, regimes=regimes, crossover=_crossover(comparisons, chosen, regimes, values, replicates)
    )


def _one_setting_per_regime(table: pd.DataFrame) -> list[Rows]:
    """For each number of epochs, the rows of the (data, setting) with most pairs; the first by name on a
    tie."""
    chosen = []
    for epochs in sorted(table["epochs"].unique()):
        rows = table[table["epochs"] == epochs]
        counts = rows.groupby(["data", "setting"]).size()
        data, setting = counts.index[int(np.argmax(counts.to_numpy()))]
        mine = (table["epochs"] == epochs) & (table["data"] == data) & (table["setting"] == setting)
        chosen.append(np.flatnonzero(mine))
    return chosen


def _regime(
    comparisons: Comparisons,
    rows: Rows,
    values: Floats,
    replicates: Floats | None,
    noise: Noise,
) -> Regime:
    first = comparisons.table.iloc[int(rows[0])]
    mine = None if replicates is None else replicates[:, rows]
    ci95 = interval(None if mine is None else mine.mean(axis=1))
    disagree = mine is not None and _contradict(values[rows], mine, noise.df)
    enough = len(rows) >= MIN_PAIRS and noise.df >= MIN_DF and not disagree
    return Regime(
        epochs=float(first["epochs"]),
        setting=str(first["setting"]),
        prefer=_verdict(ci95) if enough else "undecided",
        advantage_points=float(values[rows].mean()),
        ci95=ci95,
        num_pairs=len(rows),
        pairs_disagree=disagree,
    )


def _verdict(ci95: Interval | None) -> Verdict:
    if ci95 is None or ci95[0] <= 0 <= ci95[1]:
        return "undecided"
    return "depth" if ci95[0] > 0 else "width"


def _contradict(values: Floats, replicates: Floats, df: int) -> bool:
    """Is some pair above 0 and another below it, each beyond noise at 5 % shared among all pairs?"""
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    deviation = (high - low) / (2 * stats.t.ppf(0.975, df))
    critical = stats.t.isf(0.05 / len(values), df)
    ratio = np.divide(values, deviation, out=np.zeros_like(values), where=deviation > 0)
    return bool(ratio.max() > critical and ratio.min() < -critical)


def _bounds(replicates: Floats | None, count: int) -> dict[str, Floats]:
    if replicates is None or not count:
        return {"low": np.full(count, np.nan), "high": np.full(count, np.nan)}
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    return {"low": low, "high": high}


def _crossover(
    comparisons: Comparisons,
    chosen: Sequence[Rows],
    regimes: Sequence[Regime],
    values: Floats,
    replicates: Floats | None,
) -> Crossover:
    """Where the mean advantage passes 0, straight between regimes in log epochs, over the pairs they all
    have.

    `inside_range` wants a turn from one decided side to the other, once, in MOSTLY of the replicates;
    `none_in_range` wants all regimes decided alike. All else is undetermined.
    """
    undetermined = Crossover(estimate=None, ci95=None, status="undetermined")
    common = _common_pairs(comparisons.table, chosen)
    if len(regimes) < 2 or replicates is None or not len(common[0]):
        return undetermined
    if len({regime.prefer for regime in regimes}) == 1 and regimes[0].prefer != "undecided":
        return Crossover(estimate=None, ci95=None, status="none_in_range")
    if {regimes[0].prefer, regimes[-1].prefer} != {"depth", "width"}:
        return undetermined
    log_epochs = np.log([regime.epochs for regime in regimes])
    estimate = _zero(log_epochs, np.array([[values[rows].mean() for rows in common]]))
    draws = _zero(log_epochs, np.stack([replicates[:, rows].mean(axis=1) for rows in common], axis=1))
    once = np.isfinite(draws)
    if not np.isfinite(estimate[0]) or once.mean() < MOSTLY:
        return undetermined
    ci95 = interval(np.exp(draws[once]))
    return Crossover(estimate=float(np.exp(estimate[0])), ci95=ci95, status="inside_range")


def _common_pairs(table: pd.DataFrame, chosen: Sequence[Rows]) -> list[Rows]:
    """The same pairs, of one data set and setting, in every regime: no change of pairs is a turn."""
    identity = ["data", "setting", "depth", "width", "resolution", "flops"]
    keys = table[identity].round({"flops": -3}).apply(tuple, axis=1)
    sets = [set(keys.iloc[rows]) for rows in chosen]
    shared = set.intersection(*sets) if sets else set()
    return [rows[[key in shared for key in keys.iloc[rows]]] for rows in chosen]


def _zero(x: Floats, y: Floats) -> Floats:
    """Where each row of y [replicates, regimes] passes 0, if it does so exactly once; else NaN."""
    turns = np.sign(y[:, 1:]) != np.sign(y[:, :-1])
    at = np.argmax(turns, axis=1)
    row = np.arange(len(y))
    before, after = y[row, at], y[row, at + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        spot = x[at] + (x[at + 1] - x[at]) * before / (before - after)
    return np.where(turns.sum(axis=1) == 1, spot, np.nan)
