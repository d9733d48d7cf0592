"""Replicates: errors as they might have been, and the intervals and verdicts that follow from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from analysis.noise import GROUP, REGIME, Floats, Interval, Noise, Rows, log_spread, num_runs, run_sd
from analysis.noise_estimate import residuals
from analysis.thin import MAX_COMPARED
from analysis.uneven import draw_factors

BORROWED = 10
"""Degrees of freedom that a regime's own estimate of the noise borrows from all others."""
BOOTSTRAP_SEED = 20210313
SHARED_LEVEL = 0.04
"""Nominal level of tests that share a 5 % error rate. The noise is estimated, with up to three parameters, so
that at a nominal 5 % the worst of six kinds of 1,000 null studies had a wrong verdict in 6.1 %."""
MAX_REPLICATES = 4000
MAX_DRAWS = 40_000_000
REPLICATES_OF_FACTORS = 1000
PARTS = ([*REGIME, "depth", "width"], [*REGIME, "resolution"], [*GROUP])
"""What may have noise of its own: all models of one architecture or of one resolution in a regime, or each
model."""

Repeats = tuple[Floats, Floats]
"""Degrees of freedom of each group's own repeats, and their variance, [n] each; those of its residual where
nothing was trained twice."""


def draw_errors(groups: pd.DataFrame, noise: Noise, replicates: int = MAX_REPLICATES) -> Floats | None:
    """Bootstrap replicates of the group means, [replicates, groups] in percent; None where the noise is
    unknown.

    There are fewer replicates than asked for where groups are very many (MAX_DRAWS).

    The mean of every group is redrawn with the noise of a run over the root of its number of runs. That noise
    is pooled over the groups unless it is uneven (`_drawn_sd`), and each replicate has its own level of it in
    each regime, drawn from the chi-square of its estimate: the percentiles of a linear statistic are then
    those of Student's t. To resample two or three seeds directly would lose a half or a third of the
    variance. All statistics use these same draws, so that points shared by comparisons stay shared.
    """
    if not noise.known:
        return None
    error = groups["error"].to_numpy(dtype=float)
    replicates = int(np.clip(MAX_DRAWS // max(len(groups), 1), 20, replicates))
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    spread = _drawn_sd(groups, noise, replicates, generator)
    spread = spread / np.sqrt(num_runs(groups))
    reading = groups["reading_variance"].to_numpy(dtype=float)
    if reading.any():
        spread = np.hypot(spread, np.sqrt(reading))
    return np.asarray(error + spread * generator.standard_normal((replicates, len(groups))))


def _drawn_sd(groups: pd.DataFrame, noise: Noise, replicates: int, generator: np.random.Generator) -> Floats:
    """[replicates, groups], standard deviation of one run of each group in points.

    Where noise does not depend on the error and the sizes alone, for example where short runs are noisier
    than long ones of the same error, the repeats of a regime (data, setting, epochs) show by how much: its
    estimate combines its own repeats with BORROWED degrees of freedom of all others. The exponents of the
    noise vary between replicates too, so that their uncertainty is in the intervals, and so does the noise of
    each group where repeats show that it is uneven (`uneven.draw_factors`).
    """
    if noise.kind == "declared" or (noise.kind == "interaction" and len(groups) > MAX_COMPARED):
        level = np.sqrt(noise.df / generator.chisquare(noise.df, size=(replicates, 1)))
        return np.asarray(level * run_sd(groups, noise))
    place = np.asarray(groups.groupby(REGIME, sort=True).ngroup(), dtype=np.intp)
    repeats = _repeats(groups, noise)
    expected = _expected(groups, noise, repeats, replicates, generator)
    squares, df = _squares(repeats, noise, place, expected)
    level = squares / generator.chisquare(df, size=(replicates, len(df)))
    variance = level[:, place] * expected
    factors = _factors(groups, noise, repeats, place, replicates)
    return np.asarray(np.sqrt(variance if factors is None else variance * factors))


def factors_at(quantiles: Sequence[float], groups: pd.DataFrame, noise: Noise) -> Floats:
    """[quantiles, groups], quantiles of the factors by which the variance of a run departs from that of the
    regime where noise is uneven; 1 where it is even."""
    place = np.asarray(groups.groupby(REGIME, sort=True).ngroup(), dtype=np.intp)
    factors = _factors(groups, noise, _repeats(groups, noise), place, REPLICATES_OF_FACTORS)
    if factors is None:
        return np.ones((len(quantiles), len(groups)))
    return np.quantile(factors, quantiles, axis=0)


def _factors(
    groups: pd.DataFrame, noise: Noise, repeats: Repeats, place: Rows, replicates: int
) -> Floats | None:
    """[replicates, groups], factors by which uneven noise departs from that of the regime, where group i is
    of regime place[i]; None where noise is even, or there are too many groups to tell."""
    own, measured = repeats
    squares = own * measured / run_sd(groups, noise) ** 2
    of_regime = np.bincount(place, squares)[place]
    if len(groups) > MAX_COMPARED or not (of_regime > 0).any():
        return None
    own = np.where(of_regime > 0, own, 0.0)
    squares *= np.bincount(place, own)[place] / np.where(of_regime > 0, of_regime, 1.0)
    parts = [np.asarray(groups.groupby(part).ngroup(), dtype=np.intp) for part in PARTS]
    return draw_factors(squares, own, parts, replicates, np.random.default_rng(BOOTSTRAP_SEED + 1))


def _expected(
    groups: pd.DataFrame, noise: Noise, repeats: Repeats, replicates: int, generator: np.random.Generator
) -> Floats:
    """[replicates, groups], variance of a run for exponents that the repeats allow, each with the scale at
    which these repeats fit it as well as they fit `noise`."""
    variance, (own, measured) = run_sd(groups, noise) ** 2, repeats
    squares = own * measured
    if not (noise.scatter and squares.any()):
        return np.asarray(variance[None])
    moved = generator.multivariate_normal(np.zeros(3), noise.scatter, replicates, method="svd")
    away = np.column_stack([log_spread(groups), noise.away(groups)])
    shape = variance * np.exp(moved @ away.T)
    return np.asarray(shape * ((squares / shape).sum(axis=1, keepdims=True) / (squares / variance).sum()))


def regime_noise(groups: pd.DataFrame, noise: Noise, place: Rows) -> tuple[Floats, Floats]:
    """Sum of squares and degrees of freedom of each regime, [regimes] each, where group i is of regime
    place[i]. Squares are those of the regime's repeats relative to what `noise` expects; the degrees of
    freedom that the regime borrows are added to both."""
    squares, df = _squares(_repeats(groups, noise), noise, place, run_sd(groups, noise)[None] ** 2)
    return squares[0], df


def _squares(repeats: Repeats, noise: Noise, place: Rows, expected: Floats) -> tuple[Floats, Floats]:
    """As `regime_noise`, [replicates, regimes] relative to expected [replicates, groups]; and [regimes]."""
    own, measured = repeats
    df = np.bincount(place, own)
    borrowed = np.clip(noise.df - df, 0, BORROWED)
    of_regime = sparse.csr_array((np.ones(len(place)), (np.arange(len(place)), place)), (len(place), len(df)))
    return np.asarray((own * measured / expected) @ of_regime + borrowed), np.asarray(df + borrowed)


def _repeats(groups: pd.DataFrame, noise: Noise) -> Repeats:
    if noise.kind == "interaction":
        residual, own = residuals(groups)
        own = np.where(own > 1e-6, own, 0.0)  # a model that alone has some effect has no residual
        return own, (residual * np.exp(log_spread(groups))) ** 2 / np.where(own > 0, own, 1.0)
    own = (groups["num_seeds"] - 1).where(groups["variance"].notna(), 0).to_numpy(dtype=float)
    return own, groups["variance"].fillna(0.0).to_numpy(dtype=float)


def interval(draws: Floats | None, level: float = 0.95) -> Interval | None:
    """Central percentile interval of the replicates of one statistic; None where there are none."""
    if draws is None or not len(draws) or not np.isfinite(draws).all():
        return None
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bounds(replicates: Floats) -> tuple[Floats, Floats]:
    """Lower and upper bounds, [k] each, of the central 95 % of replicates [replicates, k]."""
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    return low, high


def beyond_noise(values: Floats, replicates: Floats, ci95: tuple[Floats, Floats]) -> npt.NDArray[np.bool_]:
    """Which of the values [k] differ from 0, with a family-wise error rate of at most 5 %.

    The step-down max-t test (Westfall and Young 1993): values and their replicates [replicates, k] are
    measured in units of half their own 95 % interval (`bounds`), and the critical distance is exceeded by the
    farthest of the values not yet shown to differ from 0 in a share SHARED_LEVEL of the replicates. Values
    that share points are tested as such, so the test loses less power than Bonferroni's. A single value is
    judged by its interval.
    """
    width = ci95[1] - ci95[0]
    if len(values) == 1:
        return np.asarray((width > 0) & ((ci95[0] > 0) | (ci95[1] < 0)))
    half = np.where(width > 0, width / 2, np.inf)
    reached, beyond = np.abs(values) / half, np.zeros(len(values), dtype=bool)
    if not (reached > 1).any():  # no value is beyond its own interval
        return beyond
    distance = np.abs(replicates - values) / half
    while not beyond.all():
        critical = np.quantile(distance[:, ~beyond].max(axis=1), 1 - SHARED_LEVEL)
        if not (reached[~beyond] > critical).any():
            break
        beyond |= reached > critical
    return beyond
