"""Crossed rows: networks that were trained with two weight decays at several levels of regularisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.model import UNITS
from scaling.quantity import listed

DECAY = "recipe.weight_decay"
REGULARISERS = {
    "recipe.label_smoothing": "label smoothing",
    "recipe.stochastic_depth": "stochastic depth",
    "recipe.rand_augment_layers": "RandAugment",
    "recipe.dropout": "dropout",
}
STRENGTHS = {"recipe.rand_augment_magnitude"}
"""Strengths that follow a regulariser and are not a level of their own."""
PLACE = ("data", *UNITS)
"""Columns that identify a network and the length of its training; frames only where there are clips."""


@dataclass(frozen=True)
class Crossed:
    """A network whose rows were trained with both weight decays at two levels of regularisation or more."""

    rows: pd.DataFrame
    """Rows with `level`, the number of the level (least regularised first), and `is_lower`, of the weight
    decay."""
    levels: list[str]
    decays: tuple[float, float]
    """Lower and higher weight decay."""

    @property
    def last(self) -> int:
        return len(self.levels) - 1


def crossed_networks(rows: pd.DataFrame) -> list[Crossed]:
    """The crossed networks of a table's rows; empty where a column that this needs is missing."""
    if not {DECAY, *REGULARISERS} <= set(rows.columns) or rows[DECAY].nunique() < 2:
        return []
    return [found for block in _blocks(rows) if (found := _crossed(block)) is not None]


def _blocks(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows split by everything that decides a result except seeds, weight decays and regularisation."""
    apart = {DECAY, *REGULARISERS, *STRENGTHS}
    others = [str(column) for column in rows if "." in str(column) and column not in apart]
    place = [column for column in (*PLACE, *others) if column in rows]
    return [block for _, block in rows.groupby(place, dropna=False)]


def _crossed(rows: pd.DataFrame) -> Crossed | None:
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
        return None  # something differs that the columns do not show
    return Crossed(rows, _level_names(ordered), (lower, higher))


def _level_names(strengths: Sequence[tuple[float, ...]]) -> list[str]:
    """Names such as `label smoothing and dropout`; with strengths where a method has several."""
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


def place_names(places: Sequence[Crossed]) -> list[str]:
    """Names of the networks by the axes in which they differ, such as `depth 50, 224 px`."""
    first = [place.rows.iloc[0] for place in places]
    known = [axis for axis in UNITS if axis in first[0]]
    differ = [axis for axis in known if len({row[axis] for row in first if pd.notna(row[axis])}) > 1]
    names = [", ".join(UNITS[axis](row[axis]) for axis in differ) for row in first]
    if len(set(names)) == len(names):
        return names
    return [f"{name} (setting {at})".strip() for at, name in enumerate(names, start=1)]
