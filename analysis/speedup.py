"""A speed-up: how many times less one family costs than another at equal accuracy, along both frontiers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np
import pandas as pd

from analysis.dominance import nondominated
from analysis.metric import Metric
from analysis.model_family import ModelFamily, model_families
from analysis.noise import Floats, Interval, Noise
from analysis.pairs import MIN_DF
from analysis.price import Price, prices
from analysis.reach import ends, reach
from analysis.replicates import beyond_noise
from analysis.table import Table

MAX_FAMILIES = 12
"""Families of one regime that are compared, those of most models."""
STEPS = (np.arange(24) + 0.5) / 24
"""Where the common range of accuracy is looked at, as shares of it."""

Bounds = tuple[float | None, float | None]
"""An interval; None at an end that lies beyond what was measured."""
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
    """Of the base and of the family, those with this cost."""
    base_top1: Interval
    """Accuracies of its cheapest and of its best model, in percent."""
    family_top1: Interval
    times: float | None
    """Cost of the base over that of the family, the geometric mean over the accuracies that both reach
    (Bjontegaard 2001 compares video codecs so); None where they reach none in common."""
    ci95: Bounds | None
    """Under new seeds and new measurements of these models; None when the noise is unknown."""
    verdict: Verdict
    """Of the family."""
    at: tuple[AtModel, ...]
    """Models of the base, the cheapest first."""

    @property
    def common_top1(self) -> Interval | None:
        """The accuracies that both reach."""
        low, high = max(self.base_top1[0], self.family_top1[0]), min(self.base_top1[1], self.family_top1[1])
        return (low, high) if low <= high else None


@dataclass(frozen=True)
class Side:
    """A family at one cost, its models the cheapest first."""

    family: ModelFamily
    titles: tuple[str, ...]
    log_cost: Floats
    """[1, models], as measured."""
    top1: Floats
    log_cost_draws: Floats
    """[replicates, models]; none of them where the noise is unknown."""
    top1_draws: Floats


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
    return judged(
        [
            each
            for regime in regimes(table, groups)
            for price in priced(table, groups, noise, draws)
            for each in _against(regime, base, price, groups, draws)
        ],
        noise,
    )


def regimes(table: Table, groups: pd.DataFrame) -> list[list[ModelFamily]]:
    """The families that are compared with each other: of one data set and number of epochs, two or more."""
    by_regime = groupby(model_families(table, groups), key=lambda each: (each.data, each.epochs))
    found = [_largest(list(families)) for _, families in by_regime]
    return [families for families in found if len(families) > 1]


def priced(table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> list[Price]:
    """All prices, with as many replicates as the errors have; none where the noise is not of runs."""
    return prices(table, groups, len(draws) if draws is not None and noise.is_of_runs else 0)


def _largest(families: list[ModelFamily]) -> list[ModelFamily]:
    kept = sorted(families, key=lambda each: -len(each.rows))[:MAX_FAMILIES]
    return [each for each in families if each in kept]


def _against(
    families: Sequence[ModelFamily],
    base: str | None,
    price: Price,
    groups: pd.DataFrame,
    draws: Floats | None,
) -> Iterator[Weighed]:
    first = next((each for each in families if base in (None, each.name)), None)
    for family in families if first else ():
        if first is not None and family is not first:
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
            times=_times(mean[0]),
            ci95=bounds_of(replicates) if np.isfinite(mean[0]) else None,
            verdict="undecided",
            at=tuple(_at_models(ours, theirs)),
        ),
        replicates,
    )


def side(family: ModelFamily, price: Price, groups: pd.DataFrame, draws: Floats | None) -> Side:
    """The family's models with this cost."""
    rows = family.rows[np.isfinite(price.log[family.rows])]
    order = np.argsort(price.log[rows], kind="stable")
    rows, titles = rows[order], dict(zip(family.rows, family.titles, strict=True))
    top1 = 100.0 - groups["error"].to_numpy(dtype=float)[rows]
    is_drawn = draws is not None and price.draws is not None
    none = np.empty((0, len(rows)))
    return Side(
        family=family,
        titles=tuple(titles[row] for row in rows),
        log_cost=price.log[None, rows],
        top1=top1[None, :],
        log_cost_draws=price.draws[:, rows] if is_drawn and price.draws is not None else none,
        top1_draws=100.0 - draws[:, rows] if is_drawn and draws is not None else none,
    )


def log_times(base: Side, family: Side, *, drawn: bool = False) -> Floats:
    """Mean logarithm of the ratio of costs over the accuracies that both reach, [1], or [replicates]."""
    ours, theirs = (
        (each.log_cost_draws, each.top1_draws) if drawn else (each.log_cost, each.top1)
        for each in (base, family)
    )
    if not len(ours[0]):
        return np.empty(0)
    (our_low, our_high), (their_low, their_high) = ends(*ours), ends(*theirs)
    low, high = np.maximum(our_low, their_low), np.minimum(our_high, their_high)
    at = low[:, None] + np.maximum(high - low, 0)[:, None] * STEPS
    ratio = reach(*ours, at) - reach(*theirs, at)
    known = np.isfinite(ratio) & (low <= high)[:, None]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, ratio, 0.0).sum(axis=1) / known.sum(axis=1))


def _at_models(base: Side, family: Side) -> Iterator[AtModel]:
    """At each model on the frontier of the base."""
    values = np.column_stack([base.top1[0], base.log_cost[0]])
    for place in np.flatnonzero(nondominated(values, ["maximise", "minimise"])):
        times, ci95 = times_at(base, int(place), family)
        top1, cost = float(base.top1[0, place]), float(np.exp(base.log_cost[0, place]))
        yield AtModel(title=base.titles[place], top1=top1, cost=cost, times=times, ci95=ci95)


def times_at(base: Side, place: int, family: Side) -> tuple[float | None, Bounds | None]:
    """Cost of one model of the base over that of the family at its accuracy, and the interval of that."""
    mine = [place]
    found = base.log_cost[:, mine] - reach(family.log_cost, family.top1, base.top1[:, mine])
    times = _times(found[0, 0])
    if times is None or not len(base.top1_draws):
        return times, None
    reached = reach(family.log_cost_draws, family.top1_draws, base.top1_draws[:, mine])
    return times, bounds_of((base.log_cost_draws[:, mine] - reached)[:, 0])


def bounds_of(log_times: Floats) -> Bounds | None:
    """The 95 % interval of replicates [replicates] of a logarithm, as ratios. A replicate that is NaN counts
    against both ends; an end at infinity is open."""
    if not len(log_times):
        return None
    low = np.quantile(
        np.nan_to_num(log_times, nan=-np.inf, neginf=-np.inf, posinf=np.inf), 0.025, method="nearest"
    )
    high = np.quantile(
        np.nan_to_num(log_times, nan=np.inf, neginf=-np.inf, posinf=np.inf), 0.975, method="nearest"
    )
    return _times(low), _times(high)


def judged(weighed: Iterable[Weighed], noise: Noise) -> tuple[Speedup, ...]:
    """The comparisons with their verdicts, which share 5 %."""
    found = list(weighed)
    sure = [
        place
        for place, each in enumerate(found)
        if each.speedup.ci95 is not None and None not in each.speedup.ci95 and noise.df >= MIN_DF
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


def _times(log_ratio: float) -> float | None:
    """The ratio; None where it is not finite."""
    return float(np.exp(log_ratio)) if np.isfinite(log_ratio) else None
