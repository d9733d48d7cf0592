"""A discrepancy: how far the truth may be from the laws of a form: smooth random functions of the knobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.law.fit import logs
from analysis.noise import Floats, Noise

LENGTHS = (0.5, 1.0, 2.0)
"""Over which a discrepancy is smooth, in ranges of the logarithms of the knobs."""
SIZES = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)
"""Standard deviations, of log error, that a discrepancy may have."""
USUAL = 0.01
"""Half of all laws are thought to miss by less, relatively, before the rows are seen."""
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
    """Restricted likelihood (Harville 1974) of residual [n] = slopes' [p, n] part + discrepancy + noise.

    What the law's own parameters can absorb, slopes' part, is projected out. noise_sd [n], of log error, is
    known up to its level, with the chi-square of `noise.df` if it was measured.
    """
    log = logs(knobs, rows)
    middle, span = log.mean(axis=0), np.ptp(log, axis=0)
    distance = (((log[:, None] - log[None]) / span) ** 2).sum(axis=2)
    basis = np.linalg.svd((slopes / noise_sd).T)[0][:, len(slopes) :]
    left = basis.T @ (residual / noise_sd)
    choices, likelihood = [], []
    for length in LENGTHS:
        kernel = np.exp(-0.5 * distance / length**2) / np.outer(noise_sd, noise_sd)
        values, vectors = np.linalg.eigh(basis.T @ kernel @ basis)
        squares = (vectors.T @ left) ** 2
        size, level = (grid.ravel() for grid in np.meshgrid(SIZES, LEVELS))
        variance = size[:, None] ** 2 * np.maximum(values, 0) + level[:, None] ** 2
        choices.append(np.column_stack([np.full(len(size), length), size, level]))
        likelihood.append(
            _prior(size, level, noise) - 0.5 * (np.log(variance) + squares / variance).sum(axis=1)
        )
    weights = np.exp(np.concatenate(likelihood) - np.max(likelihood))
    return Misfit(
        choices=np.concatenate(choices),
        probability=weights / weights.sum(),
        knobs=tuple(knobs),
        middle=middle,
        span=span,
    )


def _prior(size: Floats, level: Floats, noise: Noise) -> Floats:
    """Its logarithm: half-Cauchy in the size, and in the level what the repeats say of it."""
    of_level = -noise.df * (np.log(level) + 0.5 / level**2) if noise.known else -np.log(level)
    step = np.gradient(np.array(SIZES))[np.searchsorted(SIZES, size)]
    return np.asarray(of_level + np.log(step) - np.log1p((size / USUAL) ** 2))
