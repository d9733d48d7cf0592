"""A speed-up: how many times less one family costs than another at equal accuracy, along both frontiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np
import pandas as pd

from analysis.dominance import nondominated
from analysis.equal_accuracy import Bounds, Side, bounds_of, log_times, ratio_of, side, times_at
from analysis.metric import Metric
from analysis.model_family import ModelFamily, model_families
from analysis.noise import Floats, Interval, Noise
from analysis.pairs import MIN_DF
from analysis.price import Price, prices
from analysis.reach import ends
from analysis.replicates import beyond_noise
from analysis.table import Table

MAX_FAMILIES = 12
"""Families of one regime that are compared, those of most models."""
MAX_UNEQUAL = 10
"""Times as many models as the other that a family may have: of many the frontier takes the lucky ones, and
equal families would be told apart too often."""
Verdict = Literal["cheaper", "dearer", "undecided"]


@dataclass(frozen=True, kw_only=True)
class AtModel:
    """The comparison at the accuracy of one model on the frontier of the base."""

    title: str
    top1: float
    """Percent."""
    cost: float
    times: float | None
    """None where the other family does not reach this accuracy, starts above it, or has a gap there."""
    ci95: Bounds | None


@dataclass(frozen=True, kw_only=True)
class Speedup:
    data: str
    epochs: float
    cost: Metric
    base: str
    family: str
    num_models: tuple[int, int]
    """Numbers of models of the base and of the family that have this cost."""
    base_top1: Interval
    """Accuracies of its cheapest and of its best model, in percent."""
    family_top1: Interval
    times: float | None
    """Cost of the base over that of the family, the geometric mean over the accuracies that both reach
    (Bjontegaard 2001 compares video codecs so); None where they reach none in common."""
    ci95: Bounds | None
    """Under new seeds and new measurements of these models; None when the noise is unknown."""
    verdict: Verdict
    """Verdict on the family."""
    at: tuple[AtModel, ...]
    """Models of the base, the cheapest first."""

    @property
    def common_top1(self) -> Interval | None:
        """The accuracies that both reach."""
        low, high = max(self.base_top1[0], self.family_top1[0]), min(self.base_top1[1], self.family_top1[1])
        return (low, high) if low <= high else None


@dataclass(frozen=True)
class Weighed:
    """A comparison without a verdict, and the replicates of the logarithm of `times`; NaN where a replicate
    has no common accuracy."""

    speedup: Speedup
    draws: Floats


def speedups(
    table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None, base: str | None = None
) -> tuple[Speedup, ...]:
    """Every family against `base`, or else the first by name, at every cost that is known.

    Only models of one data set and number of epochs are compared. `draws` are the replicates of the groups'
    errors; they count where the noise is of runs. The verdicts of all comparisons share 5 %.
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
    """The families that are compared with each other: of one data set and number of epochs, two or more, with
    `base` among them where it is there."""
    by_regime = groupby(model_families(table, groups), key=lambda each: (each.data, each.epochs))
    found = [_largest(list(families), base) for _, families in by_regime]
    return [families for families in found if len(families) > 1]


def priced(table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> list[Price]:
    """All prices, with as many replicates as the errors have; none where the noise is not of runs."""
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
    """The speed-up at each model on the frontier of the base."""
    values = np.column_stack([base.top1[0], base.log_cost[0]])
    places = np.flatnonzero(nondominated(values, ["maximise", "minimise"]))
    for place, (times, ci95) in zip(places, times_at(base, places, family), strict=True):
        top1, cost = float(base.top1[0, place]), float(np.exp(base.log_cost[0, place]))
        yield AtModel(title=base.titles[place], top1=top1, cost=cost, times=times, ci95=ci95)


def judged(weighed: Iterable[Weighed], noise: Noise) -> tuple[Speedup, ...]:
    """The comparisons with their verdicts, which share 5 %."""
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
    """Which of them differ from 1 beyond noise, their intervals being closed."""
    if not weighed:
        return []
    values = np.array([np.log(each.speedup.times or 1.0) for each in weighed])
    draws = np.stack([np.nan_to_num(each.draws, nan=np.inf) for each in weighed], axis=1)
    low, high = np.log(np.array([each.speedup.ci95 for each in weighed], dtype=float).T)
    return [bool(each) for each in beyond_noise(values, draws, (low, high))]


def _verdict(times: float | None) -> Verdict:
    return "undecided" if times is None else "cheaper" if times > 1 else "dearer"
