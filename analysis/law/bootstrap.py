"""The bootstrap by cluster: a fit again and again, of clusters drawn with replacement."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.law.fit import Fit, logs
from analysis.law.minimise import Data, minimise
from analysis.noise import BOOTSTRAP_SEED, Floats

TOLERANCE = 1e-7
"""Relative gain of the objective at which a replicate has converged."""
NUM_STEPS = 100


def cluster_bootstrap(
    fit: Fit, rows: pd.DataFrame, clusters: pd.Series, *, error: str = "error", replicates: int = 1000
) -> Floats:
    """theta of the fit to each replicate, [replicates, p].

    `clusters` [n] names what rows share, such as architecture and seed: the rows of a cluster stay together,
    since rows that share a run are no independent evidence. Each replicate starts from the fit to all rows.
    """
    places, names = pd.factorize(clusters)
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    times = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=replicates)
    data = Data(
        x=fit.x(rows),
        y=logs([error], rows).T,
        scale=fit.scale[None],
        weight=times[:, places].astype(float),
        delta=fit.delta,
    )
    start = np.tile(fit.theta, (replicates, 1))
    return minimise(fit.form, data, start, tolerance=TOLERANCE, num_steps=NUM_STEPS).theta
