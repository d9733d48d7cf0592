"""The bootstrap: a fit repeated on resampled or perturbed rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.law.fit import Fit, logs
from analysis.law.minimise import Data, minimise
from analysis.law.prior import Prior, flat
from analysis.noise import Floats
from analysis.replicates import BOOTSTRAP_SEED

TOLERANCE = 1e-7
"""Relative gain of the objective at which a replicate has converged, for a delta near least absolute
residuals."""
COARSE = 1e-5
"""Relative gain at which a replicate has converged if its residuals are divided by their standard deviation,
so that the objective is a log likelihood."""
NUM_STEPS = 100


def cluster_bootstrap(
    fit: Fit, rows: pd.DataFrame, clusters: pd.Series, *, error: str = "error", replicates: int
) -> Floats:
    """theta of the fit to clusters drawn with replacement, [replicates, p].

    `clusters` [n] names what rows share, such as architecture and seed. The rows of a cluster stay together,
    since rows of the same run are not independent evidence. Each replicate starts from the fit to all rows.
    """
    places, names = pd.factorize(clusters)
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    times = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    prior = flat(fit.form)
    data = Data(
        x=fit.x(rows),
        y=logs([error], rows).T,
        scale=fit.scale[None],
        weight=times[:, places].astype(float),
        delta=fit.delta,
        target=prior.mean[None],
        pull=prior.pull,
    )
    return _again(fit, data, replicates, TOLERANCE)


def parametric_bootstrap(
    fit: Fit,
    rows: pd.DataFrame,
    away: Floats,
    counted: npt.NDArray[np.bool_],
    prior: Prior,
    generator: np.random.Generator,
) -> Floats:
    """theta of the fit to the rows with `away` [replicates, n] subtracted from log error, [replicates, p].

    Since the mean of the prior is drawn anew as well, the replicates are draws from the posterior of theta
    given the rows (randomise-then-optimise, Bardsley et al. 2014); exactly so where the form is linear.
    """
    data = Data(
        x=fit.x(rows),
        y=logs(["error"], rows).T - away,
        scale=fit.scale[None],
        weight=counted[None].astype(float),
        delta=fit.delta,
        target=prior.draw(len(away), generator),
        pull=prior.pull,
    )
    return _again(fit, data, len(away), COARSE)


def _again(fit: Fit, data: Data, replicates: int, tolerance: float) -> Floats:
    start = np.tile(fit.theta, (replicates, 1))
    return minimise(fit.form, data, start, tolerance=tolerance, num_steps=NUM_STEPS).theta
