"""A discrepancy: how far the truth may be from a law, as smooth random functions of the knobs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.law.fit import logs
from analysis.noise import Floats

NUM_WAVES = 64
"""Number of random waves that make up one random function."""
SMOOTHNESS = 2.5
"""Smoothness of the Matern kernel: such functions have two derivatives (Rasmussen and Williams 2006, section
4.2)."""
CURVATURE = 2.0
"""Standard deviation of the quadratic part at a corner of the measured rows, relative to that of the smooth
part."""
NEGLIGIBLE = 1e-3
"""Choices with a smaller probability are left out of a trend."""
GROWTH = 0.4
"""Growth of a discrepancy beyond the measured rows, in its standard deviations per range of the knobs."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """Centre and scale of the logarithms of the knobs: their mean and range in the measured rows."""

    knobs: tuple[str, ...]
    middle: Floats
    """[knobs], mean of the logarithms."""
    span: Floats
    """[knobs], range of the logarithms."""

    def places(self, rows: pd.DataFrame) -> Floats:
        """[n, knobs], the rows as places in this space."""
        return np.asarray((logs(self.knobs, rows) - self.middle) / self.span)


def kernel(one: Floats, other: Floats, length: float) -> Floats:
    """[n, m], covariance of discrepancies of size 1 between two sets of places inside the range of the rows.

    The sum of a Matern kernel of smoothness 5/2 and the covariance of a quadratic form in the places with
    independent normal coefficients: a form that misses the curvature of the truth, or an interaction, also
    misses it beyond the rows, where the Matern kernel alone would return to the law.
    """
    squares = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    steps = np.sqrt(5 * squares) / length
    quadratic = CURVATURE**2 * (one @ other.T) ** 2
    return np.asarray((1 + steps + steps**2 / 3) * np.exp(-steps) + quadratic)


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """Random functions of the knobs that are added to log error, one per replicate.

    A priori they are Gaussian processes, made of random waves (Rahimi and Recht 2007, Random Features for
    Large-Scale Kernel Machines) and random quadratic forms; each is then conditioned on the residuals of its
    replicate (Wilson et al. 2020, Efficiently Sampling Functions from Gaussian Process Posteriors). Beyond
    the rows' range in a knob, a straight line of random slope is added: a form that misses by some amount
    inside may miss by more outside.
    """

    space: Space
    choices: Floats
    """[B, 3], columns: length scale, standard deviation, and noise level."""
    frequency: Floats
    """[B, waves, knobs], frequencies of the waves."""
    phase: Floats
    """[B, waves], phases of the waves."""
    amplitude: Floats
    """[B, waves], amplitudes of the waves."""
    quadratic: Floats
    """[B, knobs, knobs], quadratic forms."""
    outward: Floats
    """[B, 2 * knobs], slopes below and above the range of each knob."""
    measured: Floats
    """[n, knobs], places of the rows."""
    moved: Floats
    """[B, n], coefficients of the kernels at these places."""

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[B, n], the values added to log error; every call returns the same functions."""
        places = self.space.places(rows)
        low, high = self.measured.min(axis=0), self.measured.max(axis=0)
        outside = np.hstack([np.maximum(low - places, 0), np.maximum(places - high, 0)])
        drawn = self.outward @ outside.T + np.einsum("bij,ni,nj->bn", self.quadratic, places, places)
        for replicate in np.flatnonzero(self.choices[:, 1]):
            waves = self.frequency[replicate] @ places.T + self.phase[replicate][:, None]
            drawn[replicate] += self.amplitude[replicate] @ np.cos(waves)
        for length in np.unique(self.choices[:, 0]):
            which = self.choices[:, 0] == length
            drawn[which] += self.moved[which] @ kernel(self.measured, places, length)
        return np.asarray(drawn)

    def given(self, left: Floats, noise_sd: Floats) -> Discrepancy:
        """The discrepancies conditioned on left [B, n]: log errors less the law, discrepancy and noise of a
        replicate."""
        moved = np.zeros_like(left)
        for choice in np.unique(self.choices, axis=0):
            which = (self.choices == choice).all(axis=1)
            moved[which] = _moved(self.measured, choice, left[which], noise_sd)
        return replace(self, moved=moved)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The posterior mean of the discrepancies, given the rows."""

    space: Space
    measured: Floats
    """[n, knobs], places of the rows."""
    moved: dict[float, Floats]
    """[n] for each length scale, coefficients of the kernels at these places."""

    def __call__(self, rows: pd.DataFrame) -> Floats:
        """[n], the values added to log error."""
        places = self.space.places(rows)
        parts = [moved @ kernel(self.measured, places, length) for length, moved in self.moved.items()]
        return np.asarray(np.sum(parts, axis=0))


def trend(
    space: Space, measured: Floats, choices: Floats, probability: Floats, left: Floats, noise_sd: Floats
) -> Trend:
    """The trend of left [n], the residuals of a law, averaged over choices [choices, 3] by their
    probabilities."""
    moved: dict[float, Floats] = {length: np.zeros(len(measured)) for length in np.unique(choices[:, 0])}
    for choice, share in zip(choices, probability, strict=True):
        if share > NEGLIGIBLE:
            moved[choice[0]] += share * _moved(measured, choice, left[None], noise_sd)[0]
    return Trend(space=space, measured=measured, moved=moved)


def _moved(measured: Floats, choice: Floats, left: Floats, noise_sd: Floats) -> Floats:
    """[B, n], coefficients of the kernels at the measured places that give the mean conditioned on left [B,
    n]."""
    length, size, level = choice
    covariance = size**2 * kernel(measured, measured, length) + np.diag((level * noise_sd) ** 2)
    return np.asarray(size**2 * np.linalg.solve(covariance, left.T).T)


def draw(space: Space, choices: Floats, measured: Floats, generator: np.random.Generator) -> Discrepancy:
    """Discrepancies drawn a priori, one for each choice [B, 3]."""
    length, size, _ = choices.T
    shape = (len(choices), NUM_WAVES)
    num_knobs = len(space.knobs)
    tails = np.sqrt(2 * SMOOTHNESS / generator.chisquare(2 * SMOOTHNESS, (*shape, 1)))
    return Discrepancy(
        space=space,
        choices=choices,
        frequency=generator.standard_normal((*shape, num_knobs)) * tails / length[:, None, None],
        phase=generator.uniform(0, 2 * np.pi, shape),
        amplitude=generator.standard_normal(shape) * size[:, None] * np.sqrt(2 / NUM_WAVES),
        quadratic=CURVATURE
        * size[:, None, None]
        * generator.standard_normal((len(choices), num_knobs, num_knobs)),
        outward=GROWTH * size[:, None] * generator.standard_normal((len(choices), 2 * num_knobs)),
        measured=measured,
        moved=np.zeros((len(choices), len(measured))),
    )
