"""Weight decay against regularisation: what less of the one does at each level of the other.

After Bello et al. 2021, Table 2: less weight decay hurts a network that nothing else regularises, and helps
one that much else does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from analysis.contrast import Cells, Effect, Weights, cells_of, judged
from analysis.gap import Gap, gap_of
from analysis.model import UNITS
from analysis.table import Table
from scaling.quantity import listed

DECAY = "recipe.weight_decay"
REGULARISERS = {
    "recipe.label_smoothing": "label smoothing",
    "recipe.stochastic_depth": "stochastic depth",
    "recipe.rand_augment_layers": "RandAugment",
    "recipe.dropout": "dropout",
}
STRENGTHS = {"recipe.rand_augment_magnitude"}
"""What follows a regulariser, and makes no level of its own."""
ALL = "all networks"
MOST_CELLS = 10_000
"""Most cells of a network."""
PLACE = ("data", *UNITS)
"""What a network is, and how long it was trained; frames only where there are clips."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """One network at one level of regularisation, or the mean of all networks."""

    place: str
    """Such as `depth 50, 224 px`; empty where there is one network."""
    regularised_by: str
    """Such as `label smoothing and RandAugment`, or `nothing`."""
    higher_top1: float | None
    """Mean over the seeds with the higher weight decay, in percent; None where there is no result."""
    lower_top1: float | None
    effect: Effect | None
    """Effect of the lower instead of the higher weight decay; None without a seed that has both."""


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """How the effect of less weight decay differs between the most and the least regularisation."""

    place: str
    least: str
    most: str
    effect: Effect | None
    """Positive where less weight decay does better with regularisation."""


@dataclass(frozen=True, kw_only=True)
class Interplay:
    """All verdicts of its effects share 5 %."""

    metric: str
    higher: float
    lower: float
    """Weight decays: the two ends, where a network was trained with more than two."""
    levels: list[Level]
    """Levels by network, the least regularised first; then the least and the most of all networks."""
    interactions: list[Interaction]
    gaps: list[Gap]
    """Gaps of the cells."""


def interplay(table: Table) -> Interplay | None:
    """The interplay of a table whose networks were trained with two weight decays at two levels of
    regularisation or more; None for other tables.
    """
    if not {DECAY, *REGULARISERS} <= set(table.rows.columns) or table.rows[DECAY].nunique() < 2:
        return None
    found = [place for block in _blocks(table.rows) if (place := _place(block)) is not None]
    if not found:
        return None
    decays = Counter(place.decays for place in found).most_common(1)[0][0]
    return _interplay(table, [place for place in found if place.decays == decays])


@dataclass(frozen=True)
class _Place:
    """A network whose rows were trained with both weight decays at several levels."""

    rows: pd.DataFrame
    """`level` counts the levels, the least regularised first; `is_lower` is of the weight decay."""
    levels: list[str]
    decays: tuple[float, float]
    """Lower and higher."""

    @property
    def last(self) -> int:
        return len(self.levels) - 1


def _blocks(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows by all that decides a result but seeds, weight decays and regularisation."""
    apart = {DECAY, *REGULARISERS, *STRENGTHS}
    others = [str(column) for column in rows if "." in str(column) and column not in apart]
    place = [column for column in (*PLACE, *others) if column in rows]
    return [block for _, block in rows.groupby(place, dropna=False)]


def _place(rows: pd.DataFrame) -> _Place | None:
    decay = rows[DECAY].astype(float)
    lower, higher = float(decay.min()), float(decay.max())
    rows = rows.assign(is_lower=decay == lower)[decay.isin([lower, higher])]
    strengths = [tuple(each) for each in rows[list(REGULARISERS)].astype(float).to_numpy().tolist()]
    both = rows.groupby(pd.Series(strengths, index=rows.index))["is_lower"].nunique() == 2
    kept = [each for each in set(strengths) if both[[each]].all()]
    if lower == higher or len(kept) < 2:
        return None
    ordered = sorted(kept, key=lambda each: (sum(value > 0 for value in each), each))
    number = pd.Series(strengths, index=rows.index).map(
        {each: place for place, each in enumerate(ordered)}.get
    )
    rows = rows.assign(level=number)[number.notna()].astype({"level": int})
    if rows.groupby(["level", "is_lower"])["setting"].nunique().max() > 1:
        return None  # something else differs, that the columns do not tell
    return _Place(rows, _names(ordered), (lower, higher))


def _names(strengths: Sequence[tuple[float, ...]]) -> list[str]:
    """`label smoothing and dropout`; with strengths where a method has several."""
    several = [len({each[at] for each in strengths if each[at] > 0}) > 1 for at in range(len(REGULARISERS))]
    named = []
    for each in strengths:
        words = [
            f"{label} {value:g}" if many else label
            for label, value, many in zip(REGULARISERS.values(), each, several, strict=True)
            if value > 0
        ]
        named.append(listed(words) or "nothing")
    return named


def _interplay(table: Table, places: Sequence[_Place]) -> Interplay:
    names = _place_names(places)
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


def _levels(cells: Cells, places: Sequence[_Place], names: Sequence[str]) -> Iterator[Level]:
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


def _interactions(cells: Cells, places: Sequence[_Place], names: Sequence[str]) -> Iterator[Interaction]:
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


def _place_names(places: Sequence[_Place]) -> list[str]:
    """Names of the places by the axes that differ between them."""
    first = [place.rows.iloc[0] for place in places]
    known = [axis for axis in UNITS if axis in first[0]]
    differ = [axis for axis in known if len({row[axis] for row in first if pd.notna(row[axis])}) > 1]
    names = [", ".join(UNITS[axis](row[axis]) for axis in differ) for row in first]
    if len(set(names)) == len(names):
        return names
    return [f"{name} (setting {at})".strip() for at, name in enumerate(names, start=1)]


def _gaps(places: Sequence[_Place], names: Sequence[str]) -> Iterator[Gap]:
    for place, name in zip(places, names, strict=True):
        where = f" at {name}" if name else ""
        sides = zip((True, False), place.decays, strict=True)
        for (level, label), (is_lower, decay) in product(enumerate(place.levels), sides):
            rows = place.rows[(place.rows["level"] == level) & (place.rows["is_lower"] == is_lower)]
            gap = gap_of(f"Weight decay {decay:g} with {label}{where}", rows)
            if gap is not None:
                yield gap
