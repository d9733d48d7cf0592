"""A discrepancy: how far the truth may be from a law, as smooth random functions of the knobs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.law.fit import logs
from analysis.noise import Floats

NUM_WAVES = 64
"""Random waves that make one random function."""
SMOOTHNESS = 2.5
"""Of Matern's kernel: such functions have two derivatives (Rasmussen and Williams 2006, section 4.2)."""
GROWTH = 1.0
"""Standard deviations of a discrepancy that are added a range of the knobs beyond the measured rows."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """The logarithms of knobs, over their range in the measured rows."""

    knobs: tuple[str, ...]
    middle: Floats
    """[knobs]."""
    span: Floats
    """[knobs]."""

    def places(self, rows: pd.DataFrame) -> Floats:
        """[n, knobs]."""
        return np.asarray((logs(self.knobs, rows) - self.middle) / self.span)


def kernel(one: Floats, other: Floats, length: float) -> Floats:
    """[n, m], correlation of a discrepancy at two sets of places: Matern's, of smoothness 5/2."""
    squares = ((one[:, None] - other[None]) ** 2).sum(axis=2)
    steps = np.sqrt(5 * squares) / length
    return np.asarray((1 + steps + steps**2 / 3) * np.exp(-steps))


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """Random functions of the knobs, one a replicate, of log error.

    Before the rows are seen they are Gaussian processes, made of random waves (Rahimi and Recht 2007, Random
    Features for Large-Scale Kernel Machines); then each is moved through what its replicate leaves of the
    rows (Wilson et al. 2020, Efficiently Sampling Functions from Gaussian Process Posteriors). Beyond the
    rows' range in a knob, a straight line of random slope comes on top: that a form misses by some inside
    says that it may miss by more outside.
    """

    space: Space
    choices: Floats
    """[B, 3]: smooth over this length, of this standard deviation, in noise of this level."""
    frequency: Floats
    """[B, waves, knobs]."""
    phase: Floats
    """[B, waves]."""
    amplitude: Floats
    """[B, waves]."""
    outward: Floats
    """[B, 2 * knobs], slopes below and above the range of each knob."""
    measured: Floats
    """[n, knobs], places of the rows."""
    moved: Floats
    """[B, n], coefficients of kernels at these places."""

    def draws(self, rows: pd.DataFrame) -> Floats:
        """[B, n], what is added to log error; every call gives the same functions."""
        places = self.space.places(rows)
        low, high = self.measured.min(axis=0), self.measured.max(axis=0)
        outside = np.hstack([np.maximum(low - places, 0), np.maximum(places - high, 0)])
        drawn = np.asarray(self.outward @ outside.T)
        for replicate in np.flatnonzero(self.choices[:, 1]):
            waves = self.frequency[replicate] @ places.T + self.phase[replicate][:, None]
            drawn[replicate] += self.amplitude[replicate] @ np.cos(waves)
        for length in np.unique(self.choices[:, 0]):
            which = self.choices[:, 0] == length
            drawn[which] += self.moved[which] @ kernel(self.measured, places, length)
        return np.asarray(drawn)

    def given(self, left: Floats, noise_sd: Floats) -> Discrepancy:
        """Moved through left [B, n], what is left of the rows less law, discrepancy and noise of a
        replicate."""
        moved = np.zeros_like(left)
        for choice in np.unique(self.choices[self.choices[:, 1] > 0], axis=0):
            length, size, level = choice
            which = (self.choices == choice).all(axis=1)
            covariance = size**2 * kernel(self.measured, self.measured, length)
            noisy = covariance + np.diag((level * noise_sd) ** 2)
            moved[which] = size**2 * np.linalg.solve(noisy, left[which].T).T
        return replace(self, moved=moved)


def draw(space: Space, choices: Floats, measured: Floats, generator: np.random.Generator) -> Discrepancy:
    """Discrepancies before the rows are seen, one a choice [B, 3]."""
    length, size, _ = choices.T
    shape = (len(choices), NUM_WAVES)
    tails = np.sqrt(2 * SMOOTHNESS / generator.chisquare(2 * SMOOTHNESS, (*shape, 1)))
    return Discrepancy(
        space=space,
        choices=choices,
        frequency=generator.standard_normal((*shape, len(space.knobs))) * tails / length[:, None, None],
        phase=generator.uniform(0, 2 * np.pi, shape),
        amplitude=generator.standard_normal(shape) * size[:, None] * np.sqrt(2 / NUM_WAVES),
        outward=GROWTH * size[:, None] * generator.standard_normal((len(choices), 2 * len(space.knobs))),
        measured=measured,
        moved=np.zeros((len(choices), len(measured))),
    )
