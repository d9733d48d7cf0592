"""Depth against width at equal cost: the verdict in each training regime, and at each resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from analysis.metric import FLOPS, Metric
from analysis.noise import Floats, Interval, Noise, Rows
from analysis.pairs.comparisons import Comparisons
from analysis.pairs.crossover import Crossover, crossover
from analysis.pairs.ladder import compare
from analysis.pairs.selection import MIN_PAIRS, Base, Selection, Selections, select
from analysis.replicates import beyond_noise, bounds, interval

MIN_DF = 3
"""Degrees of freedom below which the noise estimate is too uncertain for a verdict."""

Verdict = Literal["depth", "width", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Regime:
    epochs: float
    resolution: float | None
    """None for all resolutions together."""
    setting: str
    """The setting of these pairs: the one with the most pairs at these epochs."""
    bases: tuple[Base, ...]
    """The models that the pairs scale up."""
    prefer: Verdict
    perhaps_chance: bool
    """The interval excludes 0, but not at the level shared by all regimes, so there is no verdict."""
    advantage_points: float
    """Mean over the pairs of depth minus width, in top-1 points at equal cost."""
    ci95: Interval | None
    """95 % interval of the mean over these pairs, from the noise of a run; None where that is unknown."""
    num_pairs: int
    pairs_disagree: bool
    """Whether depth is better in some pair and width in another, each beyond noise: the mean is then no
    rule."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    comparisons: Comparisons
    table: pd.DataFrame
    """Columns of `Comparisons.table` (axis depth, rival width) with advantage_points, low, high and counted
    (whether a verdict rests on the pair)."""
    regimes: tuple[Regime, ...]
    """Fewest epochs first; the verdicts share a 5 % error rate."""
    by_resolution: tuple[Regime, ...]
    """The regimes at each single resolution; the verdicts of all of them share a 5 % error rate."""
    by_base: tuple[Regime, ...]
    """The regimes at each single base, including bases that no verdict rests on; the verdicts of one regime
    share a 5 % error rate."""
    crossover: Crossover

    @property
    def cost(self) -> Metric:
        """The cost at which the two sides of a pair are equal."""
        return self.comparisons.cost


def depth_against_width(
    groups: pd.DataFrame, noise: Noise, draws: Floats | None, cost: Metric = FLOPS
) -> Pairs:
    """Compare all pairs at equal cost and give a verdict for each number of epochs."""
    selections = select(compare(groups, "depth", "width", cost))
    return judge(selections, groups["error"].to_numpy(dtype=float), noise, draws)


def judge(selections: Selections, errors: Floats, noise: Noise, draws: Floats | None) -> Pairs:
    """The verdicts for errors [groups] and draws [replicates, groups].

    A verdict needs an interval of the mean that excludes 0, also at a level of 5 % shared by all regimes (so
    that a study in which nothing matters has a wrong verdict in one case of twenty, however many regimes it
    has), MIN_PAIRS pairs, MIN_DF degrees of freedom of the noise, and no pairs that contradict each other
    beyond noise. The interval is that of these pairs under new seeds; it is a bootstrap by architecture (see
    `replicates.draw_errors`), so a point that several pairs share moves in all of them at once.
    """
    comparisons = selections.comparisons
    drawn = comparisons.replicates(draws)
    weighed = _Weighed(comparisons.advantage(errors), drawn, noise)
    regimes = tuple(weighed.sharing(selections.regimes))
    counted = np.zeros(len(weighed.values), dtype=bool)
    for each in selections.regimes:
        counted[each.rows] = True
    low, high = weighed.bounds
    columns = {"advantage_points": weighed.values, "low": low, "high": high, "counted": counted}
    return Pairs(
        comparisons=comparisons,
        table=comparisons.table.assign(**columns),
        regimes=regimes,
        by_resolution=tuple(weighed.sharing(selections.by_resolution)),
        by_base=tuple(regime for bases in selections.by_base for regime in weighed.sharing(bases)),
        crossover=crossover(
            [regime.epochs for regime in regimes],
            [regime.prefer for regime in regimes],
            selections.common,
            weighed.values,
            drawn,
        ),
    )


@dataclass(frozen=True)
class _Weighed:
    """Advantages of the pairs [pairs] and their replicates [replicates, pairs]."""

    values: Floats
    replicates: Floats | None
    noise: Noise

    @cached_property
    def bounds(self) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the pairs, [pairs] each; NaN without replicates."""
        unknown = np.full(len(self.values), np.nan)
        return (unknown, unknown) if self.replicates is None else bounds(self.replicates)

    def regime(self, selection: Selection) -> Regime:
        rows = selection.rows
        ci95 = interval(None if self.replicates is None else self.replicates[:, rows].mean(axis=1))
        disagree = self._contradict(rows)
        enough = len(rows) >= MIN_PAIRS and self.noise.df >= MIN_DF and not disagree
        return Regime(
            epochs=selection.epochs,
            resolution=selection.resolution,
            setting=selection.setting,
            bases=selection.bases,
            prefer=_verdict(ci95) if enough else "undecided",
            perhaps_chance=False,
            advantage_points=float(self.values[rows].mean()),
            ci95=ci95,
            num_pairs=len(rows),
            pairs_disagree=disagree,
        )

    def _contradict(self, rows: Rows) -> bool:
        """Whether some pair is above 0 and another below it, each beyond noise."""
        values = self.values[rows]
        if self.replicates is None or values.min() >= 0 or values.max() <= 0:
            return False
        low, high = (bound[rows] for bound in self.bounds)
        beyond = beyond_noise(values, self.replicates[:, rows], (low, high))
        return bool((values[beyond] > 0).any() and (values[beyond] < 0).any())

    def sharing(self, selections: Sequence[Selection]) -> list[Regime]:
        """The regimes, with a verdict only where it holds at a level of 5 % shared by all of them."""
        found = [self.regime(each) for each in selections]
        if self.replicates is None or len(found) < 2:
            return found
        means = np.stack([self.replicates[:, each.rows].mean(axis=1) for each in selections], axis=1)
        beyond = beyond_noise(np.array([each.advantage_points for each in found]), means, bounds(means))
        return [
            each if far else replace(each, prefer="undecided", perhaps_chance=each.prefer != "undecided")
            for each, far in zip(found, beyond, strict=True)
        ]


def _verdict(ci95: Interval | None) -> Verdict:
    if ci95 is None or ci95[0] <= 0 <= ci95[1]:
        return "undecided"
    return "depth" if ci95[0] > 0 else "width"
