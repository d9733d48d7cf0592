"""A prior: usual values of the parameters of laws, for parameters that the rows do not determine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.law.form import Form
from analysis.noise import Floats

EXPONENT = (0.5, 0.5)
"""Prior mean and standard deviation of an exponent: published exponents of error and loss lie between 0.05
and 1."""
COEFFICIENT_SD = 3.0
"""Prior standard deviation of a log coefficient, around an equal share of the error: a factor of 20."""


@dataclass(frozen=True)
class Prior:
    """Independent normal distributions of theta."""

    mean: Floats
    """[p], means."""
    sd: Floats
    """[p], standard deviations; infinite where nothing is known."""

    @property
    def pull(self) -> Floats:
        """[p], 1 / sd^2."""
        return np.asarray(self.sd**-2.0)

    def draw(self, replicates: int, generator: np.random.Generator) -> Floats:
        """[replicates, p], draws of theta."""
        return np.asarray(self.mean + self.sd * generator.standard_normal((replicates, len(self.mean))))


def flat(form: Form) -> Prior:
    """A prior without information."""
    count = len(form.parameters)
    return Prior(np.zeros(count), np.full(count, np.inf))


def usual(form: Form, log_error: Floats) -> Prior:
    """A weak prior: coefficients within a factor of 20 of an equal share of the error, exponents 0.5 +- 0.5.

    A knob with two values does not distinguish a floor from an exponent, whatever the noise: without a prior,
    an interval beyond the rows would depend on where the minimiser stopped.
    """
    num_terms, num_exponents = len(form.terms), len(form.exponents)
    equal = float(log_error.mean()) - np.log(num_terms)
    return Prior(
        np.array([equal] * num_terms + [EXPONENT[0]] * num_exponents),
        np.array([COEFFICIENT_SD] * num_terms + [EXPONENT[1]] * num_exponents),
    )
