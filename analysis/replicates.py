"""Replicates: errors as they might have been, and what they make of a number: intervals and verdicts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from analysis.noise import REGIME, Floats, Interval, Noise, Rows, log_spread, num_runs, run_sd

BORROWED = 10
"""Degrees of freedom that a regime's own estimate of the noise takes from all others."""
BOOTSTRAP_SEED = 20210313
SHARED_LEVEL = 0.04
"""Nominal level of tests that share 5 %: the noise is estimated, by up to three parameters, so that at 5 %
nominally the worst of six kinds of 1,000 null studies had a wrong verdict in 6.1 %."""
MAX_REPLICATES = 4000
MAX_DRAWS = 40_000_000


def draw_errors(groups: pd.DataFrame, noise: Noise, replicates: int = MAX_REPLICATES) -> Floats | None:
    """Bootstrap replicates of the group means, [replicates, groups] in percent; None when noise is unknown.

    There are fewer replicates than asked for where groups are very many (MAX_DRAWS).

    Every group's mean is drawn again with the pooled noise divided by the root of its runs, and each
    replicate has its own noise level, one a regime, drawn from the chi-square of its estimate: the
    percentiles of a linear statistic are then those of Student's t. Resampling two or three seeds as they are
    would halve or lose a third of the variance. All statistics use these same draws, so that points shared by
    comparisons stay shared.
    """
    if not noise.known:
        return None
    error = groups["error"].to_numpy(dtype=float)
    replicates = int(np.clip(MAX_DRAWS // max(len(groups), 1), 20, replicates))
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    spread = _drawn_sd(groups, noise, replicates, generator)
    spread = spread / np.sqrt(num_runs(groups, noise))
    reading = groups["reading_variance"].to_numpy(dtype=float)
    if reading.any():
        spread = np.hypot(spread, np.sqrt(reading))
    return np.asarray(error + spread * generator.standard_normal((replicates, len(groups))))


def _drawn_sd(groups: pd.DataFrame, noise: Noise, replicates: int, generator: np.random.Generator) -> Floats:
    """Standard deviation of one run of each group, [replicates, groups] in points.

    Where noise does not follow the error and the sizes alone, as when short runs are noisier than long ones
    of the same error, the repeats of a regime (data, setting, epochs) say by how much: its estimate is that
    of its own repeats and of BORROWED degrees of freedom of all others. A replicate has exponents of its own
    too, so that what the repeats leave open of them is in the intervals.
    """
    if noise.kind != "seeds":
        level = np.sqrt(noise.df / generator.chisquare(noise.df, size=(replicates, 1)))
        return np.asarray(level * run_sd(groups, noise))
    place = np.asarray(groups.groupby(REGIME, sort=True).ngroup(), dtype=np.intp)
    expected = _expected(groups, noise, replicates, generator)
    squares, df = _squares(groups, noise, place, expected)
    level = squares / generator.chisquare(df, size=(replicates, len(df)))
    return np.asarray(np.sqrt(level[:, place] * expected))


def _expected(groups: pd.DataFrame, noise: Noise, replicates: int, generator: np.random.Generator) -> Floats:
    """[replicates, groups], the variance of a run as exponents that the repeats allow have it, each with the
    scale by which these repeats fit it as well as they fit `noise`."""
    variance, (own, measured) = run_sd(groups, noise) ** 2, _repeats(groups)
    squares = own * measured
    if not (noise.scatter and squares.any()):
        return np.asarray(variance[None])
    moved = generator.multivariate_normal(np.zeros(3), noise.scatter, replicates, method="svd")
    away = np.column_stack([log_spread(groups), noise.away(groups)])
    shape = variance * np.exp(moved @ away.T)
    return np.asarray(shape * ((squares / shape).sum(axis=1, keepdims=True) / (squares / variance).sum()))


def regime_noise(groups: pd.DataFrame, noise: Noise, place: Rows) -> tuple[Floats, Floats]:
    """Of each regime, groups [n] being of regime `place` [n]: the sum of squares of its own repeats over what
    `noise` expects, and of the degrees of freedom it borrows; and their number in all."""
    squares, df = _squares(groups, noise, place, run_sd(groups, noise)[None] ** 2)
    return squares[0], df


def _squares(groups: pd.DataFrame, noise: Noise, place: Rows, expected: Floats) -> tuple[Floats, Floats]:
    """As `regime_noise`: [replicates, regimes] over expected [replicates, groups], and [regimes]."""
    own, measured = _repeats(groups)
    df = np.bincount(place, own)
    borrowed = np.minimum(BORROWED, noise.df - df)
    of_regime = sparse.csr_array((np.ones(len(place)), (np.arange(len(place)), place)), (len(place), len(df)))
    return np.asarray((own * measured / expected) @ of_regime + borrowed), np.asarray(df + borrowed)


def _repeats(groups: pd.DataFrame) -> tuple[Floats, Floats]:
    """[n] each, the degrees of freedom of a group's own repeats and their variance."""
    own = (groups["num_seeds"] - 1).where(groups["variance"].notna(), 0).to_numpy(dtype=float)
    return own, groups["variance"].fillna(0.0).to_numpy(dtype=float)


def interval(draws: Floats | None, level: float = 0.95) -> Interval | None:
    """Central percentile interval of one statistic's replicates; None when there are none."""
    if draws is None or not len(draws) or not np.isfinite(draws).all():
        return None
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bounds(replicates: Floats) -> tuple[Floats, Floats]:
    """Low and high, [k] each, of the central 95 % of replicates [replicates, k]."""
    low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
    return low, high


def beyond_noise(values: Floats, replicates: Floats, ci95: tuple[Floats, Floats]) -> npt.NDArray[np.bool_]:
    """Which of the values [k] differ from 0, all k tests together wrong with probability 5 % at most.

    The step-down max-t test (Westfall and Young 1993): each value is held against its distance from the
    replicates [replicates, k], in units of its own 95 % interval (`bounds`), and the critical distance is
    that which the farthest of the values not yet told from 0 exceeds in a share SHARED_LEVEL of the
    replicates. Values that share points are tested as such, so that this loses less than Bonferroni's bound.
    A value alone shares with none: it is beyond noise where its interval says so.
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
