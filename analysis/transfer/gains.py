"""Gains: points of one way of training over another, for the same networks and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from analysis.noise import Floats, Interval
from analysis.transfer.mean import mean_interval
from analysis.transfer.transferred import SCRATCH, Transferred

Verdict = Literal["better", "worse", "undecided"]
FEWEST_NETWORKS = 4
"""Number of networks below which nothing can be said about others, however alike their gains."""


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Points of one way of training over another, for the same networks and seeds."""

    tune: str
    over: str
    start_epochs: float | None
    """None for all first trainings together."""
    points: float
    ci95: Interval | None
    """Student's t interval over the networks."""
    num_networks: int
    verdict: Verdict = "undecided"


def sign_of(ci: Interval | None) -> Verdict:
    """The verdict of an interval: undecided where it contains 0 or is None."""
    if ci is None or ci[0] <= 0 <= ci[1]:
        return "undecided"
    return "better" if ci[0] > 0 else "worse"


_OVER = (("all", SCRATCH), ("head", SCRATCH), ("all", "head"))


def gains_of(models: Sequence[Transferred]) -> Iterator[Gain]:
    """The gains of each way over another, not yet judged: over all first trainings, and for each length of
    several."""
    for tune, over in _OVER:
        epochs = sorted({each.start_epochs for each in models if each.tune == tune})
        several = [each for each in epochs if np.isfinite(each)]
        for at in (None, *(several if len(several) > 1 else ())):
            points = _points(models, tune, over, at)
            if len(points):
                yield Gain(
                    tune=tune,
                    over=over,
                    start_epochs=at,
                    points=float(points.mean()),
                    ci95=mean_interval(points),
                    num_networks=len(points),
                )


def _points(models: Sequence[Transferred], tune: str, over: str, at: float | None) -> Floats:
    """[networks], mean over seeds and first trainings of the difference within each seed."""
    found: dict[tuple[str, float, float], list[float]] = {}
    ours = [each for each in models if each.tune == tune and at in (None, each.start_epochs)]
    theirs = [each for each in models if each.tune == over]
    for mine, other in product(ours, theirs):
        if mine.network != other.network or other.origin not in ("", mine.origin):
            continue
        both = mine.by_seed.keys() & other.by_seed.keys()
        found.setdefault(mine.network, []).extend(mine.by_seed[seed] - other.by_seed[seed] for seed in both)
    return np.array([np.mean(each) for each in found.values() if each])


def judged_gain(models: Sequence[Transferred], gain: Gain, share: float) -> Gain:
    """The gain with its verdict, which is wrong with probability `share` at most."""
    points = _points(models, gain.tune, gain.over, gain.start_epochs)
    if len(points) < FEWEST_NETWORKS:
        return gain
    return replace(gain, verdict=sign_of(mean_interval(points, 1 - share)))
