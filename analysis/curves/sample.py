"""A sample of shapes: evenly from the prior at first, then more around those that fit a curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analysis.curves.shapes import FAMILIES, NUM_PARAMETERS, PRIOR, possible
from analysis.noise import Floats

Places = npt.NDArray[np.intp]

FIRST = np.array([500, 1500, 100, 2500, 50])
"""Number of places drawn in the cube of each of FAMILIES; of the stretched ones, about half are possible."""
NUM_MORE = 2000
SEED = 20221017


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """Boxes in the cubes, within which shapes were drawn evenly; [boxes] and [boxes, NUM_PARAMETERS]."""

    family: Places
    low: Floats
    high: Floats
    count: Floats
    """Number of places drawn in each box."""

    def density(self, family: Places, cube: Floats) -> Floats:
        """[shapes], expected number of places drawn per unit of volume around each of these."""
        per_volume = self.count / np.prod(self.high - self.low, axis=1)
        density = np.zeros(len(family))
        for each in range(len(FAMILIES)):
            rows, boxes = family == each, self.family == each
            inside = np.ones((rows.sum(), boxes.sum()), dtype=bool)
            for axis in range(NUM_PARAMETERS):
                place = cube[rows, axis, None]
                inside &= (self.low[boxes, axis] <= place) & (place <= self.high[boxes, axis])
            density[rows] = inside @ per_volume[boxes]
        return density


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Shapes by family [shapes] and place in the unit cube [shapes, NUM_PARAMETERS]."""

    family: Places
    cube: Floats
    boxes: Boxes
    """Boxes in which they were drawn."""

    @cached_property
    def log_weight(self) -> Floats:
        """[shapes], logarithm of the share of the prior that each represents: the prior density over the
        density at which shapes were drawn there in all boxes (the balance heuristic of Veach & Guibas 1995,
        doi:10.1145/218380.218498)."""
        volume = 1 / self.boxes.density(self.family, self.cube)
        total = np.bincount(self.family, weights=volume, minlength=len(FAMILIES))
        return np.asarray(np.log(PRIOR[self.family] * volume / total[self.family]))


def first_sample() -> Sample:
    """Low-discrepancy points in the cube of every family."""
    from scipy.stats.qmc import Halton  # importing it takes half a second

    family = np.repeat(np.arange(len(FAMILIES)), FIRST)
    cube = np.concatenate([Halton(NUM_PARAMETERS, scramble=False).random(n + 1)[1:] for n in FIRST])
    kept = possible(family, cube)
    corners = np.zeros((len(FAMILIES), NUM_PARAMETERS))
    boxes = Boxes(family=np.arange(len(FAMILIES)), low=corners, high=corners + 1, count=FIRST.astype(float))
    return Sample(family=family[kept], cube=cube[kept], boxes=boxes)


def refined(sample: Sample, log_likelihood: Floats, reach: float) -> Sample:
    """The sample plus up to NUM_MORE shapes, in boxes around those of high posterior weight.

    `log_likelihood` is [shapes]; a box extends to each side by `reach`, in shares of the cube.
    """
    parents = drawn(sample.log_weight + log_likelihood, NUM_MORE)
    family, place = sample.family[parents], sample.cube[parents]
    low, high = np.maximum(place - reach, 0), np.minimum(place + reach, 1)
    cube = low + (high - low) * np.random.default_rng(SEED).random(low.shape)
    kept = possible(family, cube)
    unique, first, count = np.unique(parents, return_index=True, return_counts=True)
    boxes = Boxes(
        family=np.concatenate([sample.boxes.family, sample.family[unique]]),
        low=np.concatenate([sample.boxes.low, low[first]]),
        high=np.concatenate([sample.boxes.high, high[first]]),
        count=np.concatenate([sample.boxes.count, count]),
    )
    return Sample(
        family=np.concatenate([sample.family, family[kept]]),
        cube=np.concatenate([sample.cube, cube[kept]]),
        boxes=boxes,
    )


def drawn(log_weight: Floats, number: int) -> Places:
    """`number` indices into an array of log weights, drawn in proportion to the weights (systematic
    sampling)."""
    cumulative = np.cumsum(np.exp(log_weight - log_weight.max()))
    shares = (np.arange(number) + 0.5) / number
    return np.asarray(np.searchsorted(cumulative, shares * cumulative[-1]))
