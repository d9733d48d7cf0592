"""Seed noise: how much a result moves when only the seed changes, and what it does to every other number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.table import AXES, COST_COLUMNS, Table
from analysis.thin import thinned

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
"""Positions of rows in a table."""
Interval = tuple[float, float]

GROUP = ("data", "setting", *AXES)
LEAST_INTERACTION = 5e-4
"""Of the logit, 0.01 points or less: no training repeats itself so well, so it is no noise but a formula."""
REGIME = ["data", "setting", "epochs"]
BORROWED = 10
"""Degrees of freedom that a regime's own estimate of the noise takes from all others."""
BOOTSTRAP_SEED = 20210313
MAX_REPLICATES = 4000
MAX_DRAWS = 40_000_000
SMALLEST_ERROR = 0.01
"""Percent. Errors are kept above it where their logarithm is taken."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """The standard deviation of the error of one run, in points, as a function of the error itself.

    sd(e) = scale * (e (1 - e / 100)) ** (power / 2). Power 0 is noise that is constant in points, 1 that of a
    count of wrong images, 2 noise in proportion to the error: no single scale fits all studies (short runs
    are often far noisier than long ones), so the power is read from the repeats.
    """

    kind: Literal["seeds", "declared", "interaction", "unknown"]
    """`seeds`: from repeats. `declared`: without repeats, what the source says a re-run moves a result.
    `interaction`: without either, from the interaction of architecture and resolution, which holds the seed
    noise and more, so that intervals are if anything too wide."""
    scale: float
    power: float
    df: int
    """Degrees of freedom of the estimate, pooled over all groups."""

    @property
    def known(self) -> bool:
        return self.kind != "unknown"

    @property
    def is_of_runs(self) -> bool:
        """Whether it is of a run and nothing else, measured from repeats or declared."""
        return self.kind in ("seeds", "declared")

    def sd(self, error: Floats) -> Floats:
        """Standard deviation of one run, in points, where the mean error is `error` (percent)."""
        return np.asarray(self.scale * _spread(error) ** (self.power / 2))


UNKNOWN = Noise(kind="unknown", scale=0.0, power=1.0, df=0)


def group_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a (setting, architecture, epochs), the mean over its seeds: error, variance, num_seeds,
    reading_variance and costs.

    Rows that repeat a seed within a group are averaged first: a copy is not evidence. Where a value was read
    off a picture and may be off by `top1_uncertainty` either way, that is a variance of a third of its square
    (JCGM 100:2008, 4.3.7), which repeats do not show.
    """
    columns = ["error", "reading_variance", *COST_COLUMNS]
    off = rows["top1_uncertainty"].fillna(0.0) if "top1_uncertainty" in rows else 0.0
    rows = rows.assign(reading_variance=off**2 / 3)
    per_seed = rows.groupby([*GROUP, "seed"], as_index=False)[columns].mean()
    grouped = per_seed.groupby(list(GROUP))
    groups = grouped[columns].mean()
    groups["variance"] = grouped["error"].var()
    groups["num_seeds"] = grouped.size()
    groups["reading_variance"] /= groups["num_seeds"]
    return groups.reset_index()


def mean_variance(groups: pd.DataFrame, noise: Noise) -> Floats:
    """Variance of each group's mean error, [groups] in points squared: of its runs, and of its reading."""
    runs = noise.sd(groups["error"].to_numpy(dtype=float)) ** 2 / groups["num_seeds"].to_numpy(dtype=float)
    return np.asarray(runs + groups["reading_variance"].to_numpy(dtype=float))


def noise_of(table: Table, groups: pd.DataFrame) -> Noise:
    """The noise behind all intervals: from repeats, else declared by the source, else from the interaction.

    Noise that is declared is constant in points.
    """
    measured = seed_noise(groups)
    if measured.known:
        return measured
    if table.rerun_sd is not None and table.rerun_df is not None:
        return Noise(kind="declared", scale=table.rerun_sd, power=0.0, df=table.rerun_df)
    return interaction_noise(thinned(groups))


def seed_noise(groups: pd.DataFrame) -> Noise:
    """Pool the variances of all groups with two seeds or more.

    Given the power, sum(df * variance / spread ** power) / sum(df) is the estimate of scale ** 2; the power
    is the one of highest likelihood of the variances (scaled chi-squares), pulled weakly (sd 1) towards 1,
    the noise of a count, which decides when repeats are few. Repeats that agree to the last digit are copies:
    noise unknown.
    """
    repeated = groups[groups["num_seeds"] >= 2]
    df = repeated["num_seeds"].to_numpy(dtype=float) - 1
    variance = repeated["variance"].to_numpy(dtype=float)
    if not variance.sum() > 0:
        return UNKNOWN
    log_spread = np.log(_spread(repeated["error"].to_numpy(dtype=float)))
    powers = np.linspace(-2.0, 4.0, 121)
    squares = (df * variance * np.exp(-powers[:, None] * log_spread)).sum(axis=1) / df.sum()
    loss = (
        0.5 * df.sum() * np.log(squares) + 0.5 * powers * (df * log_spread).sum() + 0.5 * (powers - 1.0) ** 2
    )
    best = int(np.argmin(loss))
    return Noise(
        kind="seeds", scale=float(np.sqrt(squares[best])), power=float(powers[best]), df=int(df.sum())
    )


def interaction_noise(groups: pd.DataFrame) -> Noise:
    """For a study without repeats: what is left of logit error = architecture + resolution + their product.

    Fitted in each regime (data, setting, epochs); the product is Tukey's one degree of freedom for non-
    additivity. The rest of an interaction holds the seed noise and whatever else is in it: an upper bound on
    average, as in factorial experiments without repeats. Noise that is constant in the logit has power 2.
    """
    squares, df = 0.0, 0
    for _, block in groups.groupby(["data", "setting", "epochs"]):
        share = clipped(block["error"].to_numpy(dtype=float)) / 100
        architecture = pd.factorize(block["depth"].astype(str) + "x" + block["width"].astype(str))[0]
        resolution = pd.factorize(block["resolution"])[0]
        rest, rest_df = _interaction(np.log(share / (1 - share)), architecture, resolution)
        squares, df = squares + rest, df + rest_df
    if df < 1 or np.sqrt(squares / df) < LEAST_INTERACTION:
        return UNKNOWN
    return Noise(kind="interaction", scale=float(np.sqrt(squares / df)), power=2.0, df=df)


def _interaction(response: Floats, rows: Rows, columns: Rows) -> tuple[float, int]:
    """Residual sum of squares and degrees of freedom of a two-way table, cells may be missing."""
    effects = [np.eye(factor.max() + 1)[factor] for factor in (rows, columns)]
    design = np.hstack(effects)
    solution = np.linalg.lstsq(design, response, rcond=None)[0]
    num_rows = effects[0].shape[1]
    product = (effects[0] @ solution[:num_rows]) * (effects[1] @ solution[num_rows:])
    design = np.column_stack([design, product])
    solution, _, rank, _ = np.linalg.lstsq(design, response, rcond=None)
    return float(((response - design @ solution) ** 2).sum()), len(response) - int(rank)


def draw_errors(groups: pd.DataFrame, noise: Noise, replicates: int = MAX_REPLICATES) -> Floats | None:
    """Bootstrap replicates of the group means, [replicates, groups] in percent; None when noise is unknown.

    There are fewer replicates than asked for where groups are very many (MAX_DRAWS).

    Every group's mean is drawn again with the pooled noise divided by the root of its seeds, and each
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
    level = _levels(groups, noise, replicates, generator)
    spread = level * noise.sd(error) / np.sqrt(groups["num_seeds"].to_numpy(dtype=float))
    reading = groups["reading_variance"].to_numpy(dtype=float)
    if reading.any():
        spread = np.hypot(spread, np.sqrt(reading))
    return np.asarray(error + spread * generator.standard_normal((replicates, len(groups))))


def _levels(groups: pd.DataFrame, noise: Noise, replicates: int, generator: np.random.Generator) -> Floats:
    """What the noise of a group is multiplied by, [replicates, groups or 1].

    Where noise does not follow the error alone, as when short runs are noisier than long ones of the same
    error, the repeats of a regime (data, setting, epochs) say by how much: its estimate is that of its own
    repeats and of BORROWED degrees of freedom of all others.
    """
    if noise.kind != "seeds":
        return np.asarray(np.sqrt(noise.df / generator.chisquare(noise.df, size=(replicates, 1))))
    own = groups["num_seeds"].to_numpy(dtype=float) - 1
    expected = noise.sd(groups["error"].to_numpy(dtype=float)) ** 2
    place = groups.groupby(REGIME, sort=True).ngroup().to_numpy()
    df = np.bincount(place, own)
    squares = np.bincount(place, own * groups["variance"].fillna(0.0).to_numpy(dtype=float) / expected)
    borrowed = np.minimum(BORROWED, noise.df - df)
    level = (squares + borrowed) / generator.chisquare(df + borrowed, size=(replicates, len(df)))
    return np.asarray(np.sqrt(level)[:, place])


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


def beyond_noise(
    values: Floats, replicates: Floats, ci95: tuple[Floats, Floats], level: float = 0.05
) -> npt.NDArray[np.bool_]:
    """Which of the values [k] differ from 0, all k tests together wrong with probability `level` at most.

    The step-down max-t test (Westfall and Young 1993): each value is held against its distance from the
    replicates [replicates, k], in units of its own 95 % interval (`bounds`), and the critical distance is
    that which the farthest of the values not yet told from 0 exceeds in a share `level` of the replicates.
    Values that share points are tested as such, so that this loses less than Bonferroni's bound.
    """
    width = ci95[1] - ci95[0]
    half = np.where(width > 0, width / 2, np.inf)
    reached, beyond = np.abs(values) / half, np.zeros(len(values), dtype=bool)
    if not (reached > 1).any():  # no value is beyond its own interval
        return beyond
    distance = np.abs(replicates - values) / half
    while not beyond.all():
        critical = np.quantile(distance[:, ~beyond].max(axis=1), 1 - level)
        if not (reached[~beyond] > critical).any():
            break
        beyond |= reached > critical
    return beyond


def clipped(error: Floats) -> Floats:
    """Errors kept off 0 and 100 %, so that logarithms and logits exist."""
    return np.clip(error, SMALLEST_ERROR, 100.0 - SMALLEST_ERROR)


def _spread(error: Floats) -> Floats:
    return np.asarray(np.clip(error * (1 - error / 100), 0.05, None))
