"""The noise of a study, estimated from repeats, else as declared, else from an interaction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.noise import REGIME, UNKNOWN, Floats, Noise, Rows, clipped, log_sizes, log_spread, run_sd
from analysis.table import Table
from analysis.thin import thinned
from analysis.variances import Slopes, weigh_slopes

LEAST_INTERACTION = 5e-4
"""Smallest noise in logits that is believed (0.01 points or less): no training repeats so exactly, so a
smaller residual is that of a formula."""
RANK = 1e-10
"""Ratio to the largest singular value of a design below which a singular value is rounding."""
LEVEL_SD = 1.0
"""Prior standard deviation of the logarithm of a regime's variance around what its errors and sizes
predict."""
MAX_REGIMES = 30
"""Number of regimes with repeats, those of most models, that get a level of their own in the estimate of the
exponents."""
EXPONENTS = np.array([1.0, 0.0, 0.0])
EXPONENTS_SDS = np.array([[1.0, 0.01, 0.01], [1.0, 1.0, 1.0]])
"""Prior means and standard deviations of the exponents of a run's variance in the error's spread, the
network's size and the image's size. There are two priors: the noise of a binomial count of wrong images,
which depends on neither size, and noise that may depend on both. The repeats weigh them."""


def noise_of(table: Table, groups: pd.DataFrame) -> Noise:
    """The noise behind all intervals: from repeats, else declared by the source, else from the
    interaction."""
    measured = seed_noise(groups)
    if measured.known:
        return measured
    return declared_noise(table) or interaction_noise(thinned(groups))


def declared_noise(table: Table) -> Noise | None:
    """The standard deviation of one run that the source declares, constant in points; None if it declares
    none."""
    if table.rerun_sd is None or table.rerun_df is None:
        return None
    return Noise(kind="declared", scale=table.rerun_sd, power=0.0, df=table.rerun_df)


def seed_noise(groups: pd.DataFrame) -> Noise:
    """Pool the variances of all groups with two or more seeds, none of which was stopped.

    Given the exponents, scale ** 2 is estimated by sum(df * variance / expected) / sum(df). The exponents
    maximise the likelihood of the variances (scaled chi-squares), pulled weakly towards EXPONENTS, which
    decide when repeats are few. Repeats that agree to the last digit are copies, so the noise is unknown.
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
    """Exponents of the variance in the error's spread and in the sizes, and the middle of the sizes.

    Each regime has its own level, and sizes enter only as deviations from their mean in the regime, so that
    short runs that are noisier for another reason are not attributed to either.
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
    """Noise of a study without repeats: that of the `residuals`.

    They contain the seed noise and any further interaction, so the noise is an upper bound on average, as in
    factorial experiments without repeats. Noise that is constant in the logit has power 2.
    """
    residual, own = residuals(groups)
    squares, df = float((residual**2).sum()), round(own.sum())
    if df < 1 or np.sqrt(squares / df) < LEAST_INTERACTION:
        return UNKNOWN
    return Noise(kind="interaction", scale=float(np.sqrt(squares / df)), power=2.0, df=df)


def residuals(groups: pd.DataFrame) -> tuple[Floats, Floats]:
    """Residuals of logit error = architecture + resolution + product, [n], and the degrees of freedom of
    each, [n].

    The model is fitted in each regime (data, setting, epochs); the product is Tukey's one degree of freedom
    for non-additivity.
    """
    residual, own = np.zeros((2, len(groups)))
    share = clipped(groups["error"].to_numpy(dtype=float)) / 100
    logit = np.log(share / (1 - share))
    for places in groups.groupby(REGIME).indices.values():
        block = groups.iloc[places]
        architecture = pd.factorize(block["depth"].astype(str) + "x" + block["width"].astype(str))[0]
        resolution = pd.factorize(block["resolution"])[0]
        residual[places], own[places] = _interaction(logit[places], architecture, resolution)
    return residual, own


def _interaction(response: Floats, rows: Rows, columns: Rows) -> tuple[Floats, Floats]:
    """Residuals of a two-way table in which cells may be missing, and one less the leverage of each."""
    effects = [np.eye(factor.max() + 1)[factor] for factor in (rows, columns)]
    design = np.hstack(effects)
    solution = np.linalg.lstsq(design, response, rcond=None)[0]
    num_rows = effects[0].shape[1]
    product = (effects[0] @ solution[:num_rows]) * (effects[1] @ solution[num_rows:])
    left, singular, _ = np.linalg.svd(np.column_stack([design, product]), full_matrices=False)
    left = left[:, singular > RANK * singular[0]]
    return response - left @ (left.T @ response), 1 - (left**2).sum(axis=1)
