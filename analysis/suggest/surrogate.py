"""A surrogate: the distribution of all cells of a grid given the measured ones, as correlated normal log
errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.law.discrepancy import kernel
from analysis.law.fit import logs
from analysis.law.misfit import SIZES, Misfit, misfit
from analysis.noise import Floats
from analysis.suggest.measured import Measured
from analysis.table import AXES

COMPONENTS = 12
"""Number of components of the mixture, which averages over the smoothness of the surface and its distance
from a product of powers."""
LENGTHS = (0.15, 0.5, 1.0, 2.0)
"""Length scales of the smooth part, in ranges of the logarithms of the knobs. At the first, which is less
than the distance between two of four values, a network differs from its neighbours at random."""
POWER_LAW = 0.02
"""Prior probability that the surface is a product of powers and nothing else."""
INTERCEPT_SD, SLOPE_SD, SETTING_SD = 1.5, 0.7, 0.5
"""Prior standard deviations of log error: at the middle of the grid, over the range of a knob, and between
two settings."""
USUAL_ERROR = np.log(30.0)


@dataclass(frozen=True)
class Surrogate:
    """A mixture of equally weighted normal distributions of log error (percent) at the cells of a grid."""

    means: Floats
    """[components, cells], means of the components."""
    covariances: Floats
    """[components, cells, cells], covariances of the components."""

    @property
    def mean(self) -> Floats:
        """[cells], mean of the mixture."""
        return np.asarray(self.means.mean(axis=0))

    @property
    def covariance(self) -> Floats:
        """[cells, cells], covariance of the mixture."""
        away = self.means - self.mean
        return np.asarray(self.covariances.mean(axis=0) + away.T @ away / len(away))

    def draws(self, number: int, generator: np.random.Generator) -> Floats:
        """[number, cells], random surfaces, equally many from each component."""
        each, num_cells = -(-number // len(self.means)), self.means.shape[1]
        roots = np.linalg.cholesky(self.covariances + 1e-9 * np.eye(num_cells))
        away = generator.standard_normal((len(self.means), each, num_cells)) @ roots.transpose(0, 2, 1)
        return np.asarray((self.means[:, None] + away).transpose(1, 0, 2).reshape(-1, num_cells)[:number])


@dataclass(frozen=True)
class Space:
    """Cells as places: logarithms of the varying knobs, scaled by their range in the grid, and the
    settings."""

    places: Floats
    """[cells, knobs], from -0.5 to 0.5."""
    trend: Floats
    """[cells, 1 + knobs + settings], design matrix of a product of powers."""
    trend_sd: Floats
    """Prior standard deviations of its coefficients."""

    @classmethod
    def of(cls, cells: pd.DataFrame) -> Space:
        knobs = [axis for axis in AXES if cells[axis].nunique() > 1]
        values = logs(knobs, cells)
        low, high = values.min(axis=0), values.max(axis=0)
        places = (values - (low + high) / 2) / (high - low)
        setting = cells.groupby(["data", "setting"]).ngroup().to_numpy()
        others = np.eye(setting.max() + 1)[setting][:, 1:]
        sd = np.repeat([INTERCEPT_SD, SLOPE_SD, SETTING_SD], [1, len(knobs), others.shape[1]])
        return cls(places, np.hstack([np.ones((len(cells), 1)), places, others]), sd)

    def surrogate(self, measured: Measured) -> Surrogate:
        """The surrogate given the measurements.

        A surface is a product of powers, a quadratic form and a smooth random function of the logarithms of
        the knobs, like the lack of fit of a law (`law.discrepancy.kernel`). The sizes and smoothness of these
        are weighted by the restricted likelihood (`law.misfit`).
        """
        chosen = [tuple(choice) for choice in _systematic(self._misfit(measured), COMPONENTS).tolist()]
        known = {choice: self._given(choice, measured) for choice in {*chosen}}
        means, covariances = zip(*(known[choice] for choice in chosen), strict=True)
        return Surrogate(np.stack(means), np.stack(covariances))

    @cached_property
    def _smooth(self) -> dict[float, Floats]:
        """[cells, cells], kernel at each of LENGTHS."""
        return {length: kernel(self.places, self.places, length) for length in LENGTHS}

    def _misfit(self, measured: Measured) -> Misfit:
        trend = self.trend[measured.cells]
        if len(trend) > trend.shape[1]:
            places, log_error = self.places[measured.cells], np.log(measured.errors)
            return misfit(
                places, log_error, trend.T, measured.log_noise(), measured.noise, POWER_LAW, LENGTHS
            )
        choices = np.array([(length, size, 1.0) for length in LENGTHS for size in SIZES if size > 0])
        return Misfit(choices=choices, probability=np.full(len(choices), 1 / len(choices)))

    def _given(self, choice: tuple[float, ...], measured: Measured) -> tuple[Floats, Floats]:
        """Mean and covariance of all cells given the measured ones, for one choice of length, size and noise
        level."""
        length, size, level = choice
        scaled = self.trend * self.trend_sd
        prior = scaled @ scaled.T + size**2 * self._smooth[length]
        between = prior[measured.cells]
        covariance = between[:, measured.cells] + np.diag((level * measured.log_noise()) ** 2)
        weights = np.linalg.solve(covariance, between)
        away = np.log(measured.errors) - USUAL_ERROR
        return USUAL_ERROR + weights.T @ away, prior - between.T @ weights


def _systematic(found: Misfit, number: int) -> Floats:
    """[number, 3], choices by systematic sampling, each in proportion to its probability."""
    order = np.lexsort(found.choices.T)
    steps = np.cumsum(found.probability[order])
    spots = (np.arange(number) + 0.5) / number * steps[-1]
    return np.asarray(found.choices[order][np.searchsorted(steps, spots)])
