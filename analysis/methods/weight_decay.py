"""Weight decay against regularisation: the effect of less of the one at each level of the other.

After Bello et al. 2021, Table 2: less weight decay hurts a network without other regularisation, and helps a
strongly regularised one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from analysis.contrast import Cells, Effect, Weights, cells_of, judged
from analysis.methods.crossed import Crossed, crossed_networks, place_names
from analysis.methods.gap import Gap, gap_of
from analysis.table import Table

ALL = "all networks"
MOST_CELLS = 10_000
"""Upper bound on the number of cells of a network."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One network at one level of regularisation, or the mean of all networks."""

    place: str
    """Network, such as `depth 50, 224 px`; empty where there is only one."""
    regularised_by: str
    """Regularisation, such as `label smoothing and RandAugment`, or `nothing`."""
    higher_top1: float | None
    """Mean over the seeds with the higher weight decay, in percent; None where there is no result."""
    lower_top1: float | None
    effect: Effect | None
    """Effect of the lower instead of the higher weight decay; None where no seed has both."""


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """How the effect of less weight decay differs between the most and the least regularisation."""

    place: str
    least: str
    most: str
    effect: Effect | None
    """Positive where less weight decay works better with regularisation."""


@dataclass(frozen=True, kw_only=True)
class Interplay:
    """The effects of less weight decay, and how they interact with regularisation; all verdicts share 5 %."""

    metric: str
    higher: float
    lower: float
    """The two weight decays: the highest and the lowest, if a network was trained with more than two."""
    levels: list[Level]
    """By network, least regularised first; then the least and the most of all networks."""
    interactions: list[Interaction]
    gaps: list[Gap]
    """Missing results of the cells."""


def interplay(table: Table) -> Interplay | None:
    """The interplay in a table whose networks were trained with two weight decays at two or more levels of
    regularisation; None for other tables."""
    found = crossed_networks(table.rows)
    if not found:
        return None
    decays = Counter(place.decays for place in found).most_common(1)[0][0]
    return _interplay(table, [place for place in found if place.decays == decays])


def _interplay(table: Table, places: Sequence[Crossed]) -> Interplay:
    names = place_names(places)
    rows = pd.concat(
        place.rows.assign(cell=at * MOST_CELLS + 2 * place.rows["level"] + place.rows["is_lower"])
        for at, place in enumerate(places)
    )
    usable = rows[rows["left_out"].isna()]
    cells = cells_of(table, usable, usable["cell"])
    levels, interactions = [*_levels(cells, places, names)], [*_interactions(cells, places, names)]
    effects = judged([*(each.effect for each in levels), *(each.effect for each in interactions)])
    of_levels, of_interactions = effects[: len(levels)], effects[len(levels) :]
    return Interplay(
        metric=cells.metric,
        higher=places[0].decays[1],
        lower=places[0].decays[0],
        levels=[replace(each, effect=effect) for each, effect in zip(levels, of_levels, strict=True)],
        interactions=[
            replace(each, effect=effect) for each, effect in zip(interactions, of_interactions, strict=True)
        ],
        gaps=[*_gaps(places, names)],
    )


def _effect(at: int, level: int) -> dict[int, float]:
    first = at * MOST_CELLS + 2 * level
    return {first + 1: 1.0, first: -1.0}


def _levels(cells: Cells, places: Sequence[Crossed], names: Sequence[str]) -> Iterator[Level]:
    for at, (place, name) in enumerate(zip(places, names, strict=True)):
        for level, label in enumerate(place.levels):
            yield _level(cells, name, label, _effect(at, level))
    if len(places) > 1:
        yield _level(cells, ALL, "the least", _mean([_effect(at, 0) for at in range(len(places))]))
        most = _mean([_effect(at, place.last) for at, place in enumerate(places)])
        yield _level(cells, ALL, "the most", most)


def _level(cells: Cells, place: str, label: str, weights: Weights) -> Level:
    sides = [
        cells.effect({cell: abs(weight) for cell, weight in weights.items() if (weight > 0) == is_lower})
        for is_lower in (False, True)
    ]
    higher, lower = (None if side is None else side.points for side in sides)
    return Level(
        place=place,
        regularised_by=label,
        higher_top1=higher,
        lower_top1=lower,
        effect=cells.effect(weights),
    )


def _interactions(cells: Cells, places: Sequence[Crossed], names: Sequence[str]) -> Iterator[Interaction]:
    changes = [
        _effect(at, place.last) | {cell: -weight for cell, weight in _effect(at, 0).items()}
        for at, place in enumerate(places)
    ]
    for place, name, weights in zip(places, names, changes, strict=True):
        ends = place.levels[0], place.levels[-1]
        yield Interaction(place=name, least=ends[0], most=ends[1], effect=cells.effect(weights))
    if len(places) > 1:
        effect = cells.effect(_mean(changes))
        yield Interaction(place=ALL, least="the least", most="the most", effect=effect)


def _mean(contrasts: Sequence[Weights]) -> dict[int, float]:
    """The mean of contrasts that share no cell."""
    return {cell: weight / len(contrasts) for each in contrasts for cell, weight in each.items()}


def _gaps(places: Sequence[Crossed], names: Sequence[str]) -> Iterator[Gap]:
    for place, name in zip(places, names, strict=True):
        where = f" at {name}" if name else ""
        sides = zip((True, False), place.decays, strict=True)
        for (level, label), (is_lower, decay) in product(enumerate(place.levels), sides):
            rows = place.rows[(place.rows["level"] == level) & (place.rows["is_lower"] == is_lower)]
            gap = gap_of(f"Weight decay {decay:g} with {label}{where}", rows)
            if gap is not None:
                yield gap
