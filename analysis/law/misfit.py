"""A misfit: how much of the residuals seed noise does not explain, and how smooth that part is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from analysis.law.discrepancy import kernel
from analysis.noise import Floats, Noise

Bools = npt.NDArray[np.bool_]

LENGTHS = (0.5, 1.0, 2.0)
"""Length scales that a discrepancy may have, in ranges of the logarithms of the knobs."""
SIZES = np.array([0.0, *0.00125 * 2.0 ** np.arange(8)])
"""Standard deviations, in log error, that the smooth part of a discrepancy may have."""
CONTAINED = 0.5
"""Prior probability that a form contains the truth."""
LEVELS = np.geomspace(0.35, 2.8, 13)
"""Ratios of the noise to its estimate that are considered."""
OUTLYING = 5.0
"""Standard deviations of a residual from which on a row counts as diverged and is left out."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    choices: Floats
    """[choices, 3], columns: length scale and standard deviation of a discrepancy, and ratio of the noise to
    its estimate."""
    probability: Floats
    """[choices], posterior probabilities."""

    @property
    def size(self) -> float:
        """Expected standard deviation of the smooth part of a discrepancy, in log error."""
        return float(self.probability @ self.choices[:, 1])

    def draw(self, replicates: int, generator: np.random.Generator) -> Floats:
        """[replicates, 3], choices drawn by their probabilities."""
        return self.choices[generator.choice(len(self.choices), replicates, p=self.probability)]


def misfit(
    places: Floats,
    residual: Floats,
    slopes: Floats,
    noise_sd: Floats,
    noise: Noise,
    contained: float = CONTAINED,
    lengths: tuple[float, ...] = LENGTHS,
) -> Misfit:
    """The misfit by restricted likelihood (Harville 1974), for residual [n] = slopes' theta + discrepancy +
    noise.

    slopes [p, n] are those of the law's parameters; what these can absorb is projected out. noise_sd [n], in
    log error, is known up to a factor, with the chi-square of `noise.df` if it was measured. `contained` is
    the prior probability that the form contains the truth; `lengths` are the length scales of a discrepancy.
    """
    basis = np.linalg.svd((slopes / noise_sd).T)[0][:, len(slopes) :]
    left = basis.T @ (residual / noise_sd)
    choices, likelihood = [], []
    size, level = (grid.ravel() for grid in np.meshgrid(SIZES, LEVELS))
    for length in lengths:
        smooth = kernel(places, places, length) / np.outer(noise_sd, noise_sd)
        values, vectors = np.linalg.eigh(basis.T @ smooth @ basis)
        squares = (vectors.T @ left) ** 2
        variance = size[:, None] ** 2 * np.maximum(values, 0) + level[:, None] ** 2
        choices.append(np.column_stack([np.full(len(size), length), size, level]))
        likelihood.append(-0.5 * (np.log(variance) + squares / variance).sum(axis=1))
    posterior = np.concatenate(likelihood) + np.tile(_prior(size, level, noise, contained), len(lengths))
    weights = np.exp(posterior - posterior.max())
    return Misfit(choices=np.concatenate(choices), probability=weights / weights.sum())


def log_evidence(places: Floats, off: Floats, spread: Floats, noise_sd: Floats, noise: Noise) -> float:
    """Log marginal density of log errors [n] that differ by `off` [n] from a form at the mean of its prior.

    The difference consists of the effect of the parameters, spread' [p, n] times p independent standard
    normals, a discrepancy, and noise; sizes and levels are those of a `Misfit`, with the same prior. The
    first two are integrated out in an orthogonal basis of the discrepancy's kernel (Woodbury's identity). A
    constant that depends on n alone is left out, so only differences between forms for the same rows are
    meaningful.
    """
    size, level = (grid.ravel() for grid in np.meshgrid(SIZES, LEVELS))
    prior = _prior(size, level, noise, CONTAINED)
    found = []
    for length in LENGTHS:
        values, vectors = np.linalg.eigh(kernel(places, places, length) / np.outer(noise_sd, noise_sd))
        variance = size[:, None] ** 2 * np.maximum(values, 0) + level[:, None] ** 2
        left, parts = vectors.T @ (off / noise_sd), vectors.T @ (spread / noise_sd).T
        inner = np.eye(len(spread)) + np.einsum("np,cn,nq->cpq", parts, 1 / variance, parts, optimize=True)
        moved = (left / variance) @ parts
        taken = (moved * np.linalg.solve(inner, moved[..., None])[..., 0]).sum(axis=1)
        quadratic = (left**2 / variance).sum(axis=1) - taken
        found.append(-0.5 * (np.log(variance).sum(axis=1) + np.linalg.slogdet(inner)[1] + quadratic) + prior)
    return float(logsumexp(found) - np.log(noise_sd).sum())


def outlying(
    places: Floats, residual: Floats, slopes: Floats, noise_sd: Floats, noise: Noise, suspected: Bools
) -> Bools:
    """Which of the suspected rows [n] the other rows do not explain, given a discrepancy of the most probable
    size."""
    others = ~suspected
    if not suspected.any() or others.sum() <= len(slopes) + 1:
        return suspected
    found = misfit(places[others], residual[others], slopes[:, others], noise_sd[others], noise)
    length, size, level = found.choices[np.argmax(found.probability)]
    noise_sd = level * noise_sd
    between = size**2 * kernel(places[suspected], places[others], length)
    covariance = size**2 * kernel(places[others], places[others], length) + np.diag(noise_sd[others] ** 2)
    weights = np.linalg.solve(covariance, between.T).T
    alone = size**2 * np.diag(kernel(places[suspected], places[suspected], length))
    variance = alone - (weights * between).sum(axis=1) + noise_sd[suspected] ** 2
    outliers = suspected.copy()
    outliers[suspected] = (residual[suspected] - weights @ residual[others]) ** 2 > OUTLYING**2 * variance
    return outliers


def _prior(size: Floats, level: Floats, noise: Noise, contained: float) -> Floats:
    """Log prior: uniform in the logarithm of the size; for the level, the chi-square likelihood of the
    repeats."""
    of_size = np.log(np.where(size == 0, contained, (1 - contained) / (len(SIZES) - 1)))
    of_level = -noise.df * (np.log(level) + 0.5 / level**2) if noise.known else 0.0
    return np.asarray(of_size + of_level)
