"""The posterior of a curve's future: a mixture over shapes, drift away from them, and noise.

The logarithm of the error is level + shape(t) + drift(t) + noise. The drift is an integrated Brownian motion
that starts at the last step with value and slope 0 and runs both ways: a shape has to describe the curve near
its end, and less so farther back, and the future departs from it as much as the past did, except that the
drift does not raise a curve above its last level. Noise is normal; the level has a flat prior and is
integrated out. Drift and noise are summed over grids and shapes over a sample, so that nothing is fitted and
nothing can fail to converge.
(A discrepancy beside the model: Kennedy & O'Hagan 2001, doi:10.1111/1467-9868.00294; shapes as an ensemble:
Domhan et al. 2015, "Speeding up automatic hyperparameter optimization of deep neural networks by
extrapolation of learning curves".)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.special import logsumexp, ndtr, ndtri

from analysis.curves.observed import Observed
from analysis.curves.sample import SEED, Sample, drawn, first_sample, refined
from analysis.curves.shapes import FAMILIES, shapes
from analysis.noise import Floats

NOISES = np.geomspace(0.001, 1, 24)
"""Standard deviations of the noise in log error: 0.02 is 2 % of the error."""
TYPICAL_NOISE, NOISE_SPREAD = 0.02, 1.2
RATIOS = np.array([0, 0.1, 0.3, 1, 3, 10, 30, 100, 300])
"""Ratios of drift to noise."""
TYPICAL_DRIFT, DRIFT_SPREAD, SMALLEST_DRIFT = 0.1, 1.0, 0.001
"""Drift is the standard deviation by which the slope on log-log axes changes over a factor e of steps.
Typical values and spreads are those of log-normal priors: 0.02 and 0.1, give or take a factor of 3."""
REACHES = (0.08, 0.03)
MEMBERS = 1000
"""Number of members of the mixture, drawn from the grid by systematic sampling."""


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Normal distributions of the logarithm of the error, all of equal weight: [members, times]."""

    location: Floats
    scale: Floats

    def quantile(self, share: float) -> Floats:
        """[times], value below which `share` of the mixture lies, by bisection."""
        low = (self.location - 8 * self.scale).min(axis=0)
        high = (self.location + 8 * self.scale).max(axis=0)
        for _ in range(30):
            middle = (low + high) / 2
            below = ndtr((middle - self.location) / self.scale).mean(axis=0) < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.asarray((low + high) / 2)


@dataclass(frozen=True, kw_only=True)
class _Levels:
    """The level of every shape and how well it fits, for one ratio of drift to noise."""

    level: Floats
    """[shapes], level."""
    precision: float
    """Precision of the level, in units of the noise."""
    misfit: Floats
    """[shapes], sum of squared standardised residuals times the variance of the noise."""
    half_log_det: float


def future(observed: Observed, ahead: Floats) -> Mixture:
    """The distribution of the curve at `ahead`, on the axis of t (at least 0), including the noise of a new
    point."""
    sample = first_sample()
    fits = _fits(observed, sample)
    for reach in REACHES:
        sample = refined(sample, logsumexp(_log_likelihood(observed, fits), axis=(0, 1)), reach)
        fits = _fits(observed, sample)
    log_posterior = _log_likelihood(observed, fits) + sample.log_weight
    ratio, noise, shape = np.unravel_index(drawn(log_posterior.ravel(), MEMBERS), log_posterior.shape)
    level = np.array([fit.level for fit in fits])[ratio, shape]
    precision = np.array([fit.precision for fit in fits])[ratio]
    family = sample.family[shape]
    log_ratio = shapes(family, sample.cube[shape], observed.t[0]).log_ratio(ahead)
    drift = RATIOS[ratio] * NOISES[noise]
    return Mixture(
        location=level[:, None] + log_ratio + _departed(drift, log_ratio, ahead, family),
        scale=np.tile((NOISES[noise] * np.sqrt(1 + 1 / precision))[:, None], len(ahead)),
    )


def _departed(drift: Floats, log_ratio: Floats, ahead: Floats, family: npt.NDArray[np.intp]) -> Floats:
    """[members, times], the drift of each member: a normal deviate, truncated so that the curve stays below
    its last level unless its shape rises."""
    share = (np.random.default_rng(SEED).permutation(len(drift)) + 0.5) / len(drift)
    sd = np.maximum(drift[:, None], 1e-9) * np.sqrt(ahead**3 / 3)
    room = np.where((family == FAMILIES.index("rising"))[:, None], np.inf, np.maximum(-log_ratio, 0))
    highest = np.divide(room, sd, out=np.full_like(sd, np.inf), where=sd > 0)
    return np.asarray(sd * ndtri(share[:, None] * ndtr(highest)))


def _fits(observed: Observed, sample: Sample) -> list[_Levels]:
    ratios = shapes(sample.family, sample.cube, observed.t[0]).log_ratio(observed.t)
    return [_levels(observed, observed.z - ratios, ratio) for ratio in RATIOS]


def _levels(observed: Observed, residuals: Floats, ratio: float) -> _Levels:
    covariance = np.diag(1 / observed.weight) + ratio**2 * _drift_covariance(observed.t)
    root = np.linalg.cholesky(covariance)
    ones = solve_triangular(root, np.ones(len(observed.t)), lower=True)
    white = solve_triangular(root, residuals.T, lower=True)
    precision = float(ones @ ones)
    level = ones @ white / precision
    misfit = np.maximum((white**2).sum(axis=0) - precision * level**2, 0) + observed.scatter
    half_log_det = float(np.log(np.diag(root)).sum() + np.log(precision) / 2)
    return _Levels(level=level, precision=precision, misfit=misfit, half_log_det=half_log_det)


def _drift_covariance(t: Floats) -> Floats:
    """Covariance of an integrated Brownian motion of unit rate that starts at 0, for times on one side of
    it."""
    nearer, farther = np.minimum.outer(-t, -t), np.maximum.outer(-t, -t)
    return np.asarray(nearer**2 * (3 * farther - nearer) / 6)


def _log_likelihood(observed: Observed, fits: list[_Levels]) -> Floats:
    """[ratios, noises, shapes], log likelihood plus the log prior of drift and noise."""
    num_residuals = len(observed.t) - 1 + observed.scatter_df
    found = []
    for ratio, fit in zip(RATIOS, fits, strict=True):
        drift = np.maximum(ratio * NOISES, SMALLEST_DRIFT)
        prior = _log_normal(NOISES, TYPICAL_NOISE, NOISE_SPREAD)
        prior = prior + _log_normal(drift, TYPICAL_DRIFT, DRIFT_SPREAD)
        scale = prior - num_residuals * np.log(NOISES) - fit.half_log_det
        found.append(scale[:, None] - fit.misfit / (2 * NOISES[:, None] ** 2))
    return np.array(found)


def _log_normal(value: Floats, typical: float, spread: float) -> Floats:
    return np.asarray(-((np.log(value / typical) / spread) ** 2) / 2)
