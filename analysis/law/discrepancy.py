"""A discrepancy: how far the truth may be from the laws of a form: smooth random functions of the knobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import cholesky, solve_triangular

from analysis.law.fit import logs
from analysis.noise import Floats, Noise

LENGTHS = (0.5, 1.0, 2.0)
"""Over which a discrepancy is smooth, in ranges of the logarithms of the knobs."""
SIZES = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16)
"""Standard deviations, of log error, that a discrepancy may have."""
LEVELS = np.geomspace(0.35, 2.8, 13)
"""Of the noise, over its estimate."""
NUM_WAVES = 32
"""Random waves that make one random function."""


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """Random functions of the knobs, one a replicate: Gaussian processes with a squared-exponential kernel,
    made of random waves (Rahimi and Recht 2007, Random Features for Large-Scale Kernel Machines)."""

    knobs: tuple[str, ...]
    middle: Floats
    """[knobs], and the range [knobs], of the logarithms of the measured rows."""
    span: Floats
    frequency: Floats
    """[B, waves, knobs]."""
    phase: Floats
    """[B, waves]."""
    amplitude: Floats
    """[B, waves]."""

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[B, n], what is added to log error; every call gives the same functions."""
        places = (logs(self.knobs, rows) - self.middle) / self.span
        drawn = np.empty((len(self.phase), len(rows)))
        for replicate, (frequency, phase, amplitude) in enumerate(
            zip(self.frequency, self.phase, self.amplitude, strict=True)
        ):
            drawn[replicate] = amplitude @ np.cos(frequency @ places.T + phase[:, None])
        return drawn


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """What residuals say of the size and smoothness of a discrepancy, and of the level of the noise."""

    choices: Floats
    """[choices, 3]: length, size, level."""
    probability: Floats
    """[choices]."""
    knobs: tuple[str, ...]
    middle: Floats
    span: Floats

    @property
    def size(self) -> float:
        """Expected standard deviation of the discrepancy, of log error."""
        return float(self.probability @ self.choices[:, 1])

    def draw(self, replicates: int, generator: np.random.Generator) -> tuple[Discrepancy, Floats]:
        """Random discrepancies, and levels of the noise [B]."""
        chosen = self.choices[generator.choice(len(self.choices), replicates, p=self.probability)]
        length, size, level = chosen.T
        shape = (replicates, NUM_WAVES)
        discrepancy = Discrepancy(
            knobs=self.knobs,
            middle=self.middle,
            span=self.span,
            frequency=generator.standard_normal((*shape, len(self.knobs))) / length[:, None, None],
            phase=generator.uniform(0, 2 * np.pi, shape),
            amplitude=generator.standard_normal(shape) * size[:, None] * np.sqrt(2 / NUM_WAVES),
        )
        return discrepancy, level


def misfit(
    rows: pd.DataFrame, knobs: Sequence[str], residual: Floats, slopes: Floats, noise_sd: Floats, noise: Noise
) -> Misfit:
    """Restricted likelihood of residual [n] = slopes' [p, n] part + discrepancy + noise.

    What the law's own parameters could have absorbed, slopes' part, is projected out; noise_sd [n], of log
    error, is known up to its level, with the chi-square of `noise.df` if it was measured.
    """
    log = logs(knobs, rows)
    middle, span = log.mean(axis=0), np.ptp(log, axis=0)
    distance = (((log[:, None] - log[None]) / span) ** 2).sum(axis=2)
    kernels = {length: np.exp(-0.5 * distance / length**2) for length in LENGTHS}
    choices, likelihood = [], []
    for level in LEVELS:
        for size in SIZES:
            for length in LENGTHS if size else LENGTHS[:1]:
                covariance = size**2 * kernels[length] + np.diag((level * noise_sd) ** 2)
                choices.append((length, size, level))
                likelihood.append(_restricted(covariance, residual, slopes) + _prior(level, size, noise))
    weights = np.exp(np.array(likelihood) - max(likelihood))
    return Misfit(
        choices=np.array(choices),
        probability=weights / weights.sum(),
        knobs=tuple(knobs),
        middle=middle,
        span=span,
    )


def _prior(level: float, size: float, noise: Noise) -> float:
    of_size = 0.0 if size == 0 else -np.log(len(LENGTHS))
    if not noise.known:
        return of_size
    return float(of_size - noise.df * (np.log(level) + 0.5 / level**2))


def _restricted(covariance: Floats, residual: Floats, slopes: Floats) -> float:
    """Harville 1974: the likelihood of what is left when the slopes' part is projected out."""
    root = cholesky(covariance, lower=True, check_finite=False)
    whitened = solve_triangular(root, np.column_stack([residual, slopes.T]), lower=True, check_finite=False)
    upper = np.linalg.qr(whitened[:, 1:], mode="r")
    basis = np.linalg.qr(whitened[:, 1:])[0]
    left = whitened[:, 0] - basis @ (basis.T @ whitened[:, 0])
    sizes = np.abs(np.diag(upper))
    log_det = np.log(np.diag(root)).sum() + np.log(sizes[sizes > 1e-12]).sum()
    return float(-log_det - 0.5 * left @ left)
