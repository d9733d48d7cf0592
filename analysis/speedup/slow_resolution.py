"""Slow resolution: the same networks on several resolution ladders, and which ladder is on the frontier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations

import pandas as pd

from analysis.metric import Metric
from analysis.noise import Floats, Noise
from analysis.speedup.model_family import ModelFamily
from analysis.speedup.speedup import Speedup, judged, priced, regimes, weigh
from analysis.table import Table


@dataclass(frozen=True, kw_only=True)
class Ladder:
    name: str
    pixels: tuple[int, ...]
    """Pixels of its models, smallest network first."""
    beaten_by: tuple[str, ...]
    """Ladders that cost less at equal accuracy, beyond noise."""


@dataclass(frozen=True, kw_only=True)
class Ladders:
    """The ladders of one regime at one cost."""

    data: str
    epochs: float
    cost: Metric
    ladders: tuple[Ladder, ...]
    """The ladders, fastest first."""
    pairs: tuple[Speedup, ...]
    """Comparison of every two ladders: the slower one over the faster one."""

    @property
    def best(self) -> str | None:
        """The ladder that costs less than every other at equal accuracy, beyond noise; None if undecided."""
        names = {each.name for each in self.ladders}
        for name in names:
            if {each.name for each in self.ladders if name in each.beaten_by} == names - {name}:
                return name
        return None

    @property
    def on_frontier(self) -> list[str]:
        """The ladders that no other beats beyond noise."""
        return [each.name for each in self.ladders if not each.beaten_by]


def compare_ladders(
    table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None
) -> tuple[Ladders, ...]:
    """The ladders of the same networks at every known cost; empty where there is only one ladder.

    The verdicts of all comparisons share a 5 % error rate.
    """
    found = list(same_networks(regimes(table, groups)))
    costs = priced(table, groups, noise, draws) if found else []
    sets = [(price, families) for families in found for price in costs]
    weighed = [
        [
            pair
            for faster, slower in combinations(families, 2)
            for pair in weigh(faster, slower, price, groups, draws)
        ]
        for price, families in sets
    ]
    verdicts = iter(judged(chain(*weighed), noise))
    return tuple(
        _ladders(price.metric, families, [next(verdicts) for _ in pairs])
        for (price, families), pairs in zip(sets, weighed, strict=True)
        if pairs
    )


def same_networks(found: Sequence[Sequence[ModelFamily]]) -> Iterator[list[ModelFamily]]:
    """The families on ladders in each regime, fastest ladder first; regimes with only one are skipped."""
    for families in found:
        on_ladders = [each for each in families if each.ladder]
        if len(on_ladders) > 1:
            yield sorted(on_ladders, key=lambda each: each.ladder[::-1], reverse=True)


def _ladders(cost: Metric, families: Sequence[ModelFamily], pairs: Sequence[Speedup]) -> Ladders:
    beaten: dict[str, list[str]] = {each.name: [] for each in families}
    for pair in pairs:
        if pair.verdict != "undecided":
            winner, loser = (
                (pair.family, pair.base) if pair.verdict == "cheaper" else (pair.base, pair.family)
            )
            beaten[loser].append(winner)
    return Ladders(
        data=families[0].data,
        epochs=families[0].epochs,
        cost=cost,
        ladders=tuple(
            Ladder(name=each.name, pixels=each.ladder, beaten_by=tuple(beaten[each.name]))
            for each in families
        ),
        pairs=tuple(pairs),
    )
