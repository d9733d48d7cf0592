"""Seed noise: how much a result moves when only the seed changes, and what it does to every other number."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.table import AXES, COST_COLUMNS, EXTRAPOLATED_SD, FRAMES, STOPPED, Table
from analysis.thin import thinned
from analysis.variances import Slopes, weigh_slopes

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
"""Positions of rows in a table."""
Interval = tuple[float, float]

GROUP = ("data", "setting", *AXES)
REGIME = ["data", "setting", "epochs"]
LEAST_INTERACTION = 5e-4
"""Of the logit, 0.01 points or less: no training repeats itself so well, so it is no noise but a formula."""
LEVEL_SD = 1.0
"""Prior standard deviation of the logarithm of a regime's variance over what error and sizes expect."""
MAX_REGIMES = 30
"""With repeats, that have levels of their own while exponents are estimated, those of most models."""
SMALLEST_ERROR = 0.01
"""Percent. Errors are kept above it where their logarithm is taken."""
SIZES = ("network", "image")
"""That noise may follow: FLOPs per pixel, and pixels."""
EXPONENTS = np.array([1.0, 0.0, 0.0])
EXPONENTS_SDS = np.array([[1.0, 0.01, 0.01], [1.0, 1.0, 1.0]])
"""Priors of the exponents of a run's variance in the error's spread, the network's size and the image's: that
of a count of wrong images, whose noise follows neither size, and one of noise that may. The repeats weigh
them."""


@dataclass(frozen=True, kw_only=True)
class Noise:
    """The standard deviation of the error of one run, in points, as a function of the error and of sizes.

    sd(e) = scale * (e (1 - e / 100)) ** (power / 2) in the middle of the sizes. Power 0 is noise that is
    constant in points, 1 that of a count of wrong images, 2 noise in proportion to the error: no single scale
    fits all studies (short runs are often far noisier than long ones), so the power is read from the repeats.
    So is how the variance grows with the size of the network (FLOPs per pixel) and of the image (pixels).
    """

    kind: Literal["seeds", "declared", "interaction", "unknown"]
    """`seeds`: from repeats. `declared`: without repeats, what the source says a re-run moves a result.
    `interaction`: without either, from the interaction of architecture and resolution, which holds the seed
    noise and more, so that intervals are if anything too wide."""
    scale: float
    power: float
    df: int
    """Degrees of freedom of the estimate, pooled over all groups."""
    growth: tuple[float, float] = field(default=(0.0, 0.0), repr=False)
    """Exponents of the variance in the size of the network and of the image."""
    middle: tuple[float, float] = field(default=(0.0, 0.0), repr=False)
    """Logarithms of the sizes that `scale` is of."""
    scatter: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    """[3, 3], covariance of the estimates of power and growth; empty where they are not estimated."""

    @property
    def known(self) -> bool:
        return self.kind != "unknown"

    @property
    def is_of_runs(self) -> bool:
        """Whether it is of a run and nothing else, measured from repeats or declared."""
        return self.kind in ("seeds", "declared")

    def sd(self, error: Floats) -> Floats:
        """Standard deviation of one run, in points, where the mean error is `error` (percent), in the middle
        of the sizes."""
        return np.asarray(self.scale * _spread(error) ** (self.power / 2))

    def level(self, groups: pd.DataFrame) -> Floats:
        """[n], what `sd` is multiplied by at the sizes of these groups."""
        if not any(self.growth):
            return np.ones(len(groups))
        return np.asarray(np.exp(0.5 * self.away(groups) @ np.array(self.growth)))

    def away(self, groups: pd.DataFrame) -> Floats:
        """[n, 2], logarithms of the sizes over the middle; 0 where a group's FLOPs are not known."""
        return np.nan_to_num(log_sizes(groups) - self.middle)


UNKNOWN = Noise(kind="unknown", scale=0.0, power=1.0, df=0)


def log_sizes(groups: pd.DataFrame) -> Floats:
    """[n, 2], logarithms of the FLOPs per pixel and of the pixels; NaN where they are not known.

    FLOPs per pixel grow with depth and width, and mean the same in any family of networks.
    """
    pixels = groups["resolution"].to_numpy(dtype=float) ** 2
    per_pixel = groups["flops"].to_numpy(dtype=float) / pixels
    sizes = np.column_stack([per_pixel, pixels])
    return np.log(np.where((sizes > 0) & np.isfinite(sizes), sizes, np.nan))


def group_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a (setting, architecture, epochs), the mean over its seeds: error, variance, num_seeds,
    num_stopped, reading_variance, costs, and of clips their frames.

    Rows that repeat a seed within a group are averaged first: a copy is not evidence. Where a value was read
    off a picture and may be off by `top1_uncertainty` either way, that is a variance of a third of its square
    (JCGM 100:2008, 4.3.7), which repeats do not show. Where a seed was stopped early, the end of its curve is
    told with a standard deviation, whose square is such a variance too; it counts as the others do, lest the
    lucky ones alone be left, and the variance of seeds of which one was stopped is none of runs: NaN.
    """
    columns = [
        "error",
        "reading_variance",
        "num_stopped",
        *COST_COLUMNS,
        *([FRAMES] if FRAMES in rows else []),
    ]
    off = rows["top1_uncertainty"].fillna(0.0) if "top1_uncertainty" in rows else 0.0
    stopped = rows["left_out"] == STOPPED if "left_out" in rows else pd.Series(False, index=rows.index)
    told = rows[EXTRAPOLATED_SD].where(stopped, 0.0) if EXTRAPOLATED_SD in rows else 0.0
    rows = rows.assign(reading_variance=off**2 / 3 + told**2, num_stopped=stopped.astype(int))
    per_seed = rows.groupby([*GROUP, "seed"], as_index=False)[columns].mean()
    grouped = per_seed.groupby(list(GROUP))
    groups = grouped[columns].mean()
    groups["num_stopped"] = grouped["num_stopped"].sum().astype(int)
    groups["variance"] = grouped["error"].var().where(groups["num_stopped"] == 0)
    groups["num_seeds"] = grouped.size()
    groups["reading_variance"] /= groups["num_seeds"]
    return groups.reset_index()


def run_sd(groups: pd.DataFrame, noise: Noise) -> Floats:
    """[n], standard deviation of one run of each group, in points."""
    return np.asarray(noise.level(groups) * noise.sd(groups["error"].to_numpy(dtype=float)))


def mean_variance(groups: pd.DataFrame, noise: Noise) -> Floats:
    """Variance of each group's mean error, [groups] in points squared: of its runs, and of its reading."""
    runs = run_sd(groups, noise) ** 2 / groups["num_seeds"].to_numpy(dtype=float)
    return np.asarray(runs + groups["reading_variance"].to_numpy(dtype=float))


def noise_of(table: Table, groups: pd.DataFrame) -> Noise:
    """The noise behind all intervals: from repeats, else declared by the source, else from the interaction.

    Noise that is declared is constant in points.
    """
    measured = seed_noise(groups)
    if measured.known:
        return measured
    return declared_noise(table) or interaction_noise(thinned(groups))


def declared_noise(table: Table) -> Noise | None:
    """What the source says a re-run moves a result by, constant in points; None where it says nothing."""
    if table.rerun_sd is None or table.rerun_df is None:
        return None
    return Noise(kind="declared", scale=table.rerun_sd, power=0.0, df=table.rerun_df)


def seed_noise(groups: pd.DataFrame) -> Noise:
    """Pool the variances of all groups with two seeds or more, none of them stopped.

    Given the exponents, sum(df * variance / expected) / sum(df) is the estimate of scale ** 2; the exponents
    are those of highest likelihood of the variances (scaled chi-squares), pulled weakly towards EXPONENTS,
    which decide when repeats are few. Repeats that agree to the last digit are copies: noise unknown.
    """
    repeated = groups[(groups["num_seeds"] >= 2) & groups["variance"].notna()]
    df = repeated["num_seeds"].to_numpy(dtype=float) - 1
    variance = repeated["variance"].to_numpy(dtype=float)
    if not variance.sum() > 0:
        return UNKNOWN
    slopes, middle = _exponents(repeated, variance, df)
    power, *growth = slopes.estimate[:3].tolist()
    noise = Noise(
        kind="seeds",
        scale=1.0,
        power=power,
        df=int(df.sum()),
        growth=(growth[0], growth[1]),
        middle=middle,
        scatter=tuple(map(tuple, slopes.scatter[:3, :3].tolist())),
    )
    squares = (df * variance / run_sd(repeated, noise) ** 2).sum() / df.sum()
    return replace(noise, scale=float(np.sqrt(squares)))


def _exponents(repeated: pd.DataFrame, variance: Floats, df: Floats) -> tuple[Slopes, tuple[float, float]]:
    """Of the error's spread and of the sizes; and the middle of the sizes.

    Each regime has a level of its own, and sizes count within regimes alone: that short runs are noisier than
    long ones for another reason is not read as either.
    """
    sizes = pd.DataFrame(log_sizes(repeated), index=repeated.index)
    regime = repeated.groupby(REGIME).ngroup()
    within = (sizes - sizes.groupby(regime).transform("mean")).fillna(0.0)
    largest = regime.value_counts().index[:MAX_REGIMES].to_numpy()
    levels = regime.to_numpy()[:, None] == largest
    features = np.column_stack([log_spread(repeated), within, levels])
    prior, prior_sds = np.zeros(features.shape[1]), np.ones((2, features.shape[1])) * LEVEL_SD
    prior[:3], prior_sds[:, :3] = EXPONENTS, EXPONENTS_SDS
    middle = sizes.mean().fillna(0.0)
    slopes = weigh_slopes(variance, df, features, prior, prior_sds)
    return slopes, (float(middle[0]), float(middle[1]))


def interaction_noise(groups: pd.DataFrame) -> Noise:
    """For a study without repeats: what is left of logit error = architecture + resolution + their product.

    Fitted in each regime (data, setting, epochs); the product is Tukey's one degree of freedom for non-
    additivity. The rest of an interaction holds the seed noise and whatever else is in it: an upper bound on
    average, as in factorial experiments without repeats. Noise that is constant in the logit has power 2.
    """
    squares, df = 0.0, 0
    for _, block in groups.groupby(REGIME):
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


def clipped(error: Floats) -> Floats:
    """Errors kept off 0 and 100 %, so that logarithms and logits exist."""
    return np.clip(error, SMALLEST_ERROR, 100.0 - SMALLEST_ERROR)


def log_spread(groups: pd.DataFrame) -> Floats:
    """[n], the logarithm of what a run's variance has the power of."""
    return np.log(_spread(groups["error"].to_numpy(dtype=float)))


def _spread(error: Floats) -> Floats:
    return np.asarray(np.clip(error * (1 - error / 100), 0.05, None))
