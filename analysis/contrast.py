"""A contrast: a weighted sum of cells, such as a gain or an interaction, paired over the seeds they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from analysis.noise import Floats, Interval
from analysis.table import Table

Verdict = Literal["helps", "hurts", "undecided"]
Weights = Mapping[int, float]
"""Weights of a contrast, by cell."""
ALPHA = 0.05
COPIES = 1e-9
"""Standard error in points below which repeats are copies of each other and say nothing about noise."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    points: float
    """Mean of the contrast over the seeds that all its cells share."""
    ci95: Interval | None
    """Student's t interval of this contrast alone; None where the noise is unknown: a single seed, none
    declared."""
    p_value: float | None
    """Two-sided p-value for a contrast of 0."""
    num_seeds: int
    is_declared: bool = False
    """Whether the noise is declared by the source instead of measured from seeds."""
    verdict: Verdict = "undecided"
    """Verdict as given by `judged`."""


@dataclass(frozen=True, kw_only=True)
class Ratio:
    value: float
    ci95: Interval | None
    """Fieller's interval; None where the denominator is not significantly different from 0, so that it is
    unbounded."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Accuracies by cell and seed, from which contrasts are formed."""

    metric: str
    """`test_top1`, or `top1` where no test images were evaluated."""
    top1: pd.DataFrame
    """[seeds, cells], accuracy in percent; NaN where a cell was not trained with a seed."""
    variance: pd.Series | None
    """Declared variance of one result, by cell, in points squared; None where the source declares none."""
    df: int
    """Degrees of freedom of `variance`."""

    def effect(self, weights: Weights) -> Effect | None:
        """The contrast with its interval; None where its cells share no seed."""
        found = self._moments([weights])
        if found is None:
            return None
        means, covariance, df, num_seeds = found
        mean, ci95, p_value = float(means[0]), None, None
        if covariance is not None:
            error = float(np.sqrt(covariance[0, 0]))
            half = float(stdtrit(df, 0.975)) * error
            ci95 = mean - half, mean + half
            p_value = float(2 * stdtr(df, -abs(mean) / error))
        is_declared = covariance is not None and num_seeds == 1
        return Effect(points=mean, ci95=ci95, p_value=p_value, num_seeds=num_seeds, is_declared=is_declared)

    def ratio(self, part: Weights, whole: Weights) -> Ratio | None:
        """Ratio of two contrasts with Fieller's interval (1954); None without a shared seed or if whole is 0.

        The interval holds every r for which part - r whole is not significantly different from 0. It is
        bounded only where the whole itself is significantly different from 0.
        """
        found = self._moments([part, whole])
        if found is None or found[0][1] == 0:
            return None
        means, covariance, df, _ = found
        value = float(means[0] / means[1])
        if covariance is None:
            return Ratio(value=value, ci95=None)
        held = np.outer(means, means) - stdtrit(df, 0.975) ** 2 * covariance
        if held[1, 1] <= 0:
            return Ratio(value=value, ci95=None)
        root = np.sqrt(max(held[0, 1] ** 2 - held[0, 0] * held[1, 1], 0.0))
        low, high = ((held[0, 1] + sign * root) / held[1, 1] for sign in (-1, 1))
        return Ratio(value=value, ci95=(float(low), float(high)))

    def _moments(self, contrasts: Sequence[Weights]) -> tuple[Floats, Floats | None, int, int] | None:
        """Means of k contrasts [k], their covariance [k, k] (None where unknown), its degrees of freedom, and
        the number of seeds."""
        used = sorted({cell for weights in contrasts for cell in weights})
        weights = np.array([[each.get(cell, 0.0) for cell in used] for each in contrasts])
        by_seed = self.top1.reindex(columns=used).dropna().to_numpy(dtype=float) @ weights.T
        number = len(by_seed)
        if not number:
            return None
        covariance, df = None, number - 1
        if number > 1:
            covariance = np.atleast_2d(np.cov(by_seed, rowvar=False)) / number
        elif self.variance is not None:
            covariance, df = (weights * self.variance[used].to_numpy(dtype=float)) @ weights.T, self.df
        if covariance is not None and np.sqrt(np.diag(covariance)).min() < COPIES:
            covariance = None
        return by_seed.mean(axis=0), covariance, df, number


def cells_of(table: Table, rows: pd.DataFrame, cell: pd.Series) -> Cells:
    """The cells of these rows of a table, numbered by `cell`; repeats of a seed are averaged."""
    tested = rows["test_top1"].notna().any() if "test_top1" in rows else False
    metric = "test_top1" if tested else "top1"
    keyed = rows.assign(cell=cell)
    variance = None
    if table.rerun_sd is not None:
        off = rows["top1_uncertainty"].fillna(0.0) if "top1_uncertainty" in rows else 0.0
        variance = keyed.assign(variance=table.rerun_sd**2 + off**2 / 3).groupby("cell")["variance"].mean()
    return Cells(
        metric=metric,
        top1=keyed.pivot_table(index="seed", columns="cell", values=metric),
        variance=variance,
        df=table.rerun_df or 0,
    )


def judged(effects: Sequence[Effect | None], *, together: bool = True) -> list[Effect | None]:
    """The effects with their verdicts: with a family-wise error rate of at most 5 % (Holm 1979) if
    `together`, else at 5 % each."""
    known = sorted(
        (each.p_value, place) for place, each in enumerate(effects) if each and each.p_value is not None
    )
    verdicts: dict[int, Verdict] = {}
    for rank, (p_value, place) in enumerate(known):
        if p_value > ALPHA / (len(known) - rank if together else 1):
            break
        effect = effects[place]
        verdicts[place] = "helps" if effect is not None and effect.points > 0 else "hurts"
    return [each and replace(each, verdict=verdicts.get(at, "undecided")) for at, each in enumerate(effects)]
