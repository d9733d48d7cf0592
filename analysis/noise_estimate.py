"""The noise of a study, estimated: from repeats, else as declared, else from an interaction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.noise import REGIME, UNKNOWN, Floats, Noise, Rows, clipped, log_sizes, log_spread, run_sd
from analysis.table import Table
from analysis.thin import thinned
from analysis.variances import Slopes, weigh_slopes

LEAST_INTERACTION = 5e-4
"""Of the logit, 0.01 points or less: no training repeats itself so well, so it is no noise but a formula."""
LEVEL_SD = 1.0
"""Prior standard deviation of the logarithm of a regime's variance over what error and sizes expect."""
MAX_REGIMES = 30
"""With repeats, that have levels of their own while exponents are estimated, those of most models."""
EXPONENTS = np.array([1.0, 0.0, 0.0])
EXPONENTS_SDS = np.array([[1.0, 0.01, 0.01], [1.0, 1.0, 1.0]])
"""Priors of the exponents of a run's variance in the error's spread, the network's size and the image's: that
of a count of wrong images, whose noise follows neither size, and one of noise that may. The repeats weigh
them."""


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
