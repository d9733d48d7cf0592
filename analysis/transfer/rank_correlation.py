"""Rank correlation: Kendall's tau of two measures of models, with an interval over networks and seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.noise import Floats, Interval, Rows
from analysis.replicates import BOOTSTRAP_SEED

REPLICATES = 4000


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """Models with two measures."""

    first: Floats
    """[models], first measure."""
    second: Floats
    """[models], second measure."""
    network: Rows
    """[models], network of each; models of one network are resampled together."""
    may_pair: npt.NDArray[np.bool_]
    """[models, models], which pairs are compared; never a model with itself."""
    scatter: Floats
    """[observations, 2], deviations of the seeds of a model from its mean in both measures, pooled over all
    models; 0 for a measure without seeds."""
    num_seeds: Rows
    """[models], number of seeds over which its measures are means."""


def tau(ranked: Ranked) -> float:
    """Kendall's tau-b over the pairs that are compared: 1 where both measures order them alike."""
    ones = np.ones((1, len(ranked.first)))
    return float(_tau(ranked.first[None], ranked.second[None], ones, ranked)[0])


def num_pairs(ranked: Ranked) -> int:
    """Number of pairs of models that are compared."""
    return int(np.triu(ranked.may_pair).sum())


def replicates_of(ranked: Ranked) -> Floats:
    """[replicates], bootstrap replicates of tau: networks are resampled, and so are the seeds of each model.

    A network that is drawn twice counts twice in every pair with another one, and is never compared with its
    own copy. Seeds are drawn from the pooled scatter, with both measures of a seed together, so that the
    noise is not underestimated where a model has only two seeds. NaN where a replicate has no pair left.
    """
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    networks = int(ranked.network.max()) + 1
    drawn = generator.multinomial(networks, np.full(networks, 1 / networks), REPLICATES)
    weights = drawn[:, ranked.network].astype(float)
    moved = np.zeros((2, REPLICATES, len(ranked.first)))
    if len(ranked.scatter):
        for model, seeds in enumerate(ranked.num_seeds):
            chosen = generator.integers(len(ranked.scatter), size=(REPLICATES, int(seeds)))
            moved[:, :, model] = ranked.scatter[chosen].mean(1).T
    return _tau(ranked.first + moved[0], ranked.second + moved[1], weights, ranked)


def least_p_value(groups: Iterable[int]) -> float:
    """The p-value of the clearest order that groups of these sizes can show, if all orders within a group are
    equally likely. A bootstrap of few networks would take such an order for certain."""
    return min(1.0, 2 / math.prod(map(math.factorial, groups)))


def interval_of(replicates: Floats, level: float = 0.95) -> Interval | None:
    """Central interval; None where fewer than half of the replicates have a value."""
    known = replicates[np.isfinite(replicates)]
    if len(known) < len(replicates) / 2:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _tau(first: Floats, second: Floats, weights: Floats, ranked: Ranked) -> Floats:
    """[replicates], tau of measures [replicates, models] with weights of the same shape."""
    low, high = np.nonzero(np.triu(ranked.may_pair))
    same = ranked.network[low] == ranked.network[high]
    weight = np.where(same, weights[:, low], weights[:, low] * weights[:, high])
    ours, theirs = np.sign(first[:, low] - first[:, high]), np.sign(second[:, low] - second[:, high])
    both = (weight * ours * theirs).sum(1)
    either = np.sqrt((weight * ours**2).sum(1) * (weight * theirs**2).sum(1))
    return np.asarray(np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0))


def pooled_scatter(groups: list[Floats]) -> Floats:
    """Residuals of observations [seeds, measures] from the mean of their own group, pooled.

    They are scaled by sqrt(n / (n - 1)), since a mean of n values is closer to these than the truth is;
    groups of one observation have none.
    """
    parts = [
        (group - group.mean(0)) * np.sqrt(len(group) / (len(group) - 1)) for group in groups if len(group) > 1
    ]
    return np.concatenate(parts) if parts else np.zeros((0, 2))
