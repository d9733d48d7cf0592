"""Depth against width at equal cost: the verdict in each training regime, and at each resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.crossover import Crossover, common_pairs, crossover
from analysis.ladder import Comparisons, compare
from analysis.metric import FLOPS, Metric
from analysis.noise import Floats, Interval, Noise, Rows, beyond_noise, interval

MIN_PAIRS = 3
"""Fewer pairs than this are no rule."""
MIN_DF = 3
"""Fewer degrees of freedom than this do not say how large the noise is."""

Verdict = Literal["depth", "width", "undecided"]
Base = tuple[float, float]
"""Depth and width of the model that a pair grows from."""


@dataclass(frozen=True, kw_only=True)
class Regime:
    epochs: float
    resolution: float | None
    """None: all resolutions together."""
    setting: str
    """The one setting these pairs come from: the one with most of them at these epochs."""
    bases: tuple[Base, ...]
    """What the pairs grow from."""
    prefer: Verdict
    advantage_points: float
    """Mean over the pairs of depth minus width in top-1 points at equal cost."""
    ci95: Interval | None
    """95 % interval of that mean for these pairs, from the noise of a run; None when it is unknown."""
    num_pairs: int
    pairs_disagree: bool
    """Beyond noise, depth is better in some pair and width in another: the mean is no rule."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    cost: Metric
    """What both sides of a pair pay alike."""
    table: pd.DataFrame
    """The columns of `Comparisons.table` (axis depth, rival width) with advantage_points, low, high and
    counted: whether a verdict rests on the pair."""
    regimes: tuple[Regime, ...]
    """Fewest epochs first."""
    by_resolution: tuple[Regime, ...]
    """The regimes again, one resolution at a time; each verdict at 5 % of its own."""
    by_base: tuple[Regime, ...]
    """The regimes again, one base at a time, those included that no verdict rests on; the verdicts of one
    regime share 5 %."""
    crossover: Crossover


@dataclass(frozen=True)
class _Weighed:
    """All pairs with their advantages [pairs] and the replicates of these [replicates, pairs]."""

    table: pd.DataFrame
    values: Floats
    replicates: Floats | None
    noise: Noise

    def regime(self, rows: Rows, resolution: float | None = None) -> Regime:
        mine = self.table.iloc[rows]
        draws = None if self.replicates is None else self.replicates[:, rows]
        ci95 = interval(None if draws is None else draws.mean(axis=1))
        disagree = draws is not None and _contradict(self.values[rows], draws)
        enough = len(rows) >= MIN_PAIRS and self.noise.df >= MIN_DF and not disagree
        return Regime(
            epochs=float(mine["epochs"].iloc[0]),
            resolution=resolution,
            setting=str(mine["setting"].iloc[0]),
            bases=tuple(sorted(set(_bases(mine)))),
            prefer=_verdict(ci95) if enough else "undecided",
            advantage_points=float(self.values[rows].mean()),
            ci95=ci95,
            num_pairs=len(rows),
            pairs_disagree=disagree,
        )


def depth_against_width(
    groups: pd.DataFrame, noise: Noise, draws: Floats | None, cost: Metric = FLOPS
) -> Pairs:
    """Compare all pairs at equal cost and give a verdict per number of epochs."""
    return judge(compare(groups, "depth", "width", cost), groups["error"].to_numpy(dtype=float), noise, draws)


def judge(comparisons: Comparisons, errors: Floats, noise: Noise, draws: Floats | None) -> Pairs:
    """The verdicts of comparisons (axis depth, rival width) given errors [groups] and draws [replicates,
    groups].

    A verdict needs an interval of the mean that excludes 0, MIN_PAIRS pairs, MIN_DF degrees of freedom of the
    noise, and no pairs that contradict each other beyond noise. It rests on the pairs that grow from bases
    measured in every regime, where there are MIN_PAIRS of these in each: a change of bases is no turn. The
    interval is about these pairs under new seeds; it is a bootstrap by architecture (see
    `noise.draw_errors`), so points that pairs share are moved together.
    """
    table = comparisons.table
    values = comparisons.advantage(errors)
    weighed = _Weighed(table, values, None if draws is None else comparisons.advantage(draws), noise)
    in_setting = _one_setting_per_regime(table)
    chosen = _same_bases(table, in_setting)
    regimes = tuple(weighed.regime(rows) for rows in chosen)
    counted = np.isin(np.arange(len(table)), np.concatenate([[], *chosen]))
    common = common_pairs(table, comparisons.cost.column, chosen)
    bounds = _bounds(weighed.replicates, len(values))
    return Pairs(
        cost=comparisons.cost,
        table=table.assign(advantage_points=values, **bounds, counted=counted),
        regimes=regimes,
        by_resolution=tuple(found for rows in chosen for found in _by_resolution(weighed, rows)),
        by_base=tuple(found for rows in in_setting for found in _by_base(weighed, rows)),
        crossover=crossover(
            [regime.epochs for regime in regimes],
            [regime.prefer for regime in regimes],
            common,
            values,
            weighed.replicates,
        ),
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


def _same_bases(table: pd.DataFrame, regimes: Sequence[Rows]) -> list[Rows]:
    """The rows from bases that all regimes have; all rows where that leaves some regime too few."""
    if not regimes:
        return []
    bases = np.fromiter(_bases(table), dtype=object, count=len(table))
    shared = set.intersection(*(set(bases[rows]) for rows in regimes))
    kept = [rows[[base in shared for base in bases[rows]]] for rows in regimes]
    return kept if min(map(len, kept)) >= MIN_PAIRS else list(regimes)


def _bases(table: pd.DataFrame) -> list[Base]:
    return list(zip(table["depth"].astype(float), table["width"].astype(float), strict=True))


def _by_resolution(weighed: _Weighed, rows: Rows) -> list[Regime]:
    split = _split(weighed.table, rows, ["resolution"])
    return [weighed.regime(mine, float(weighed.table["resolution"].iloc[mine[0]])) for mine in split]


def _by_base(weighed: _Weighed, rows: Rows) -> list[Regime]:
    split = _split(weighed.table, rows, ["depth", "width"])
    found = [weighed.regime(mine) for mine in split]
    if weighed.replicates is None:
        return found
    draws = np.stack([weighed.replicates[:, mine].mean(axis=1) for mine in split], axis=1)
    beyond = beyond_noise(np.array([each.advantage_points for each in found]), draws)
    return [
        each if far else replace(each, prefer="undecided") for each, far in zip(found, beyond, strict=True)
    ]


def _split(table: pd.DataFrame, rows: Rows, columns: list[str]) -> list[Rows]:
    """The rows that agree in the columns, smallest values first."""
    places = table.iloc[rows].groupby(columns, sort=True).indices
    return [rows[place] for place in places.values()]


def _verdict(ci95: Interval | None) -> Verdict:
    if ci95 is None or ci95[0] <= 0 <= ci95[1]:
        return "undecided"
    return "depth" if ci95[0] > 0 else "width"


def _contradict(values: Floats, replicates: Floats) -> bool:
    """Is some pair above 0 and another below it, each beyond noise?"""
    beyond = beyond_noise(values, replicates)
    return bool((values[beyond] > 0).any() and (values[beyond] < 0).any())


def _bounds(replicates: Floats | None, count: int) -> dict[str, Floats]:
    if replicates is None or not count:
        return {"low": np.full(count, np.nan), "high": np.full(count, np.nan)}
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    return {"low": low, "high": high}
