"""A speed-up: the ratio of the costs of two families at equal accuracy, along both frontiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np
import pandas as pd

from analysis.frontier.dominance import nondominated
from analysis.metric import Metric
from analysis.noise import Floats, Interval, Noise
from analysis.pairs.pairs import MIN_DF
from analysis.replicates import beyond_noise
from analysis.speedup.family_pair import Bounds, Side, bounds_of, log_times, ratio_of, side, times_at
from analysis.speedup.model_family import ModelFamily, model_families
from analysis.speedup.price import Price, prices
from analysis.speedup.reach import ends
from analysis.table import Table

MAX_FAMILIES = 12
"""Families of one regime that are compared at most: those with the most models."""
MAX_UNEQUAL = 10
"""Largest ratio of the numbers of models of two families for a verdict: a frontier of many models has
selected the lucky ones, so equal families would too often seem to differ."""
Verdict = Literal["cheaper", "dearer", "undecided"]


@dataclass(frozen=True, kw_only=True)
class AtModel:
    """The comparison at the accuracy of one model on the frontier of the base."""

    title: str
    top1: float
    """Accuracy in percent."""
    cost: float
    times: float | None
    """Ratio of the model's cost to the other family's; None where that does not reach this accuracy, starts
    above it, or has a gap there."""
    ci95: Bounds | None


@dataclass(frozen=True, kw_only=True)
class Speedup:
    data: str
    epochs: float
    cost: Metric
    base: str
    family: str
    num_models: tuple[int, int]
    """Numbers of models with this cost, of the base and of the family."""
    base_top1: Interval
    """Accuracies of the cheapest and of the best model of the base, in percent."""
    family_top1: Interval
    times: float | None
    """Cost of the base over that of the family, geometric mean over the accuracies that both reach (as
    Bjontegaard 2001 compares video codecs); None where they have no accuracy in common."""
    ci95: Bounds | None
    """Interval under new seeds and new measurements of these models; None where the noise is unknown."""
    verdict: Verdict
    """Verdict on the family."""
    at: tuple[AtModel, ...]
    """Models on the frontier of the base, cheapest first."""

    @property
    def common_top1(self) -> Interval | None:
        """The range of accuracies that both reach."""
        low, high = max(self.base_top1[0], self.family_top1[0]), min(self.base_top1[1], self.family_top1[1])
        return (low, high) if low <= high else None


@dataclass(frozen=True)
class Weighed:
    """A comparison without a verdict, and replicates of the logarithm of `times`; NaN where a replicate has
    no common accuracy."""

    speedup: Speedup
    draws: Floats


def speedups(
    table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None, base: str | None = None
) -> tuple[Speedup, ...]:
    """Every family against `base` (default: the first by name), at every known cost.

    Only models of one data set and number of epochs are compared. `draws` are the replicates of the groups'
    errors, used where the noise is that of runs. The verdicts of all comparisons share a 5 % error rate.
    """
    found = regimes(table, groups, base)
    costs = priced(table, groups, noise, draws) if found else []
    weighed = [
        each
        for families in found
        for price in costs
        for each in _against(families, base, price, groups, draws)
    ]
    return judged(weighed, noise)


def regimes(table: Table, groups: pd.DataFrame, base: str | None = None) -> list[list[ModelFamily]]:
    """The families that are compared with each other, at least two for each data set and number of epochs,
    with `base` among them where present."""
    by_regime = groupby(model_families(table, groups), key=lambda each: (each.data, each.epochs))
    found = [_largest(list(families), base) for _, families in by_regime]
    return [families for families in found if len(families) > 1]


def priced(table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> list[Price]:
    """All prices, with as many replicates as the errors have; without replicates where the noise is not that
    of runs."""
    return prices(table, groups, len(draws) if draws is not None and noise.is_of_runs else 0)


def _largest(families: list[ModelFamily], base: str | None) -> list[ModelFamily]:
    kept = sorted(families, key=lambda each: (each.name != base, -len(each.rows)))[:MAX_FAMILIES]
    return [each for each in families if each in kept]


def _against(
    families: Sequence[ModelFamily],
    base: str | None,
    price: Price,
    groups: pd.DataFrame,
    draws: Floats | None,
) -> Iterator[Weighed]:
    for first in [each for each in families if base in (None, each.name)][:1]:
        for family in families:
            if family is not first:
                yield from weigh(first, family, price, groups, draws)


def weigh(
    base: ModelFamily, family: ModelFamily, price: Price, groups: pd.DataFrame, draws: Floats | None
) -> Iterator[Weighed]:
    """The comparison at one price; nothing where one of the two has no model with that cost."""
    ours, theirs = (side(each, price, groups, draws) for each in (base, family))
    if not (ours.titles and theirs.titles):
        return
    mean = log_times(ours, theirs)
    replicates = log_times(ours, theirs, drawn=True)
    (base_low,), (base_high,) = ends(ours.log_cost, ours.top1)
    (low,), (high,) = ends(theirs.log_cost, theirs.top1)
    yield Weighed(
        Speedup(
            data=base.data,
            epochs=base.epochs,
            cost=price.metric,
            base=base.name,
            family=family.name,
            num_models=(len(ours.titles), len(theirs.titles)),
            base_top1=(float(base_low), float(base_high)),
            family_top1=(float(low), float(high)),
            times=ratio_of(mean[0]),
            ci95=bounds_of(replicates) if np.isfinite(mean[0]) else None,
            verdict="undecided",
            at=tuple(_at_models(ours, theirs)),
        ),
        replicates,
    )


def _at_models(base: Side, family: Side) -> Iterator[AtModel]:
    """The comparison at each model on the frontier of the base."""
    values = np.column_stack([base.top1[0], base.log_cost[0]])
    places = np.flatnonzero(nondominated(values, ["maximise", "minimise"]))
    for place, (times, ci95) in zip(places, times_at(base, places, family), strict=True):
        top1, cost = float(base.top1[0, place]), float(np.exp(base.log_cost[0, place]))
        yield AtModel(title=base.titles[place], top1=top1, cost=cost, times=times, ci95=ci95)


def judged(weighed: Iterable[Weighed], noise: Noise) -> tuple[Speedup, ...]:
    """The comparisons with their verdicts, which share a 5 % error rate."""
    found = list(weighed)
    sure = [
        place
        for place, each in enumerate(found)
        if each.speedup.ci95 is not None
        and None not in each.speedup.ci95
        and noise.df >= MIN_DF
        and max(each.speedup.num_models) <= MAX_UNEQUAL * min(each.speedup.num_models)
    ]
    decided = dict(zip(sure, _beyond([found[place] for place in sure]), strict=True))
    return tuple(
        replace(each.speedup, verdict=_verdict(each.speedup.times)) if decided.get(place) else each.speedup
        for place, each in enumerate(found)
    )


def _beyond(weighed: Sequence[Weighed]) -> list[bool]:
    """Which comparisons with closed intervals differ from a ratio of 1 beyond noise."""
    if not weighed:
        return []
    values = np.array([np.log(each.speedup.times or 1.0) for each in weighed])
    draws = np.stack([np.nan_to_num(each.draws, nan=np.inf) for each in weighed], axis=1)
    low, high = np.log(np.array([each.speedup.ci95 for each in weighed], dtype=float).T)
    return [bool(each) for each in beyond_noise(values, draws, (low, high))]


def _verdict(times: float | None) -> Verdict:
    return "undecided" if times is None else "cheaper" if times > 1 else "dearer"
