"""The training methods of Bello et al. 2021, Table 1, and the rows of a table that are rungs of their
ladder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.table import FRAMES, Table
from scaling.errors import Refused
from scaling.published.resnet_rs import table1

Kind = Literal["training", "architecture"]


@dataclass(frozen=True)
class Method:
    label: str
    columns: tuple[str, ...]
    is_on: Callable[[pd.DataFrame], pd.Series]
    """Whether each row was trained with the method."""
    kind: Kind = "training"
    is_relative: bool = False
    """Whether it is on only relative to other rows in which it is off."""


def _strength(label: str, column: str, kind: Kind = "training") -> Method:
    """A method that is off where its strength is 0."""
    return Method(label, (column,), lambda rows: rows[column].astype(float) > 0, kind)


def _has_less_decay(rows: pd.DataFrame) -> pd.Series:
    decay = rows["recipe.weight_decay"].astype(float)
    return decay < decay.max()


def _is_resnet_d(rows: pd.DataFrame) -> pd.Series:
    is_pooled = rows["model.pooled_shortcut"].astype(str).str.lower() == "true"  # text if read from a CSV
    return (rows["model.stem"] == "deep") & is_pooled


METHODS = (
    Method("cosine learning rate", ("schedule.kind",), lambda rows: rows["schedule.kind"] == "cosine"),
    Method("more epochs", ("epochs",), lambda rows: rows["epochs"] > rows["epochs"].min(), is_relative=True),
    _strength("average of weights", "recipe.ema_decay"),
    _strength("label smoothing", "recipe.label_smoothing"),
    _strength("stochastic depth", "recipe.stochastic_depth"),
    _strength("RandAugment", "recipe.rand_augment_layers"),
    _strength("dropout", "recipe.dropout"),
    Method("less weight decay", ("recipe.weight_decay",), _has_less_decay, is_relative=True),
    _strength("squeeze-and-excitation", "model.se_ratio", "architecture"),
    Method("ResNet-D", ("model.stem", "model.pooled_shortcut"), _is_resnet_d, "architecture"),
)
"""The methods in the order of the paper, those of training first."""
PAPER_TOP1 = tuple(row.top1.value for row in table1())
"""Top-1 of ResNet-200 on ImageNet in percent, by the number of methods."""
PLACE = ("data", "depth", "width", "resolution", FRAMES)
"""Columns that are constant on a ladder; frames only where there are clips."""


@dataclass(frozen=True)
class Order:
    """A published ladder: its methods, in the order in which they are added."""

    paper: str
    """Network and data of the ladder, and where it is published."""
    methods: tuple[Method, ...]
    """The methods, those of training first."""
    paper_top1: tuple[float | None, ...]
    """Top-1 in percent by the number of methods; None where it is not published."""
    study: str
    """The study that trains a small version of it."""

    @property
    def num_training(self) -> int:
        """Number of training methods."""
        return sum(method.kind == "training" for method in self.methods)

    @property
    def paper_share(self) -> float:
        """Share of the paper's gain that the training methods give."""
        first, middle, last = (self.paper_top1[at] for at in (0, self.num_training, -1))
        assert first is not None and middle is not None and last is not None  # noqa: PT018
        return (middle - first) / (last - first)

    def label(self, rung: int) -> str:
        return f"+ {self.methods[rung - 1].label}" if rung else "ResNet"


def _named(label: str) -> Method:
    return next(method for method in METHODS if method.label == label)


IMAGES = Order("ResNet-200 on ImageNet (Bello et al. 2021, Table 1)", METHODS, PAPER_TOP1, "training_methods")
_OF_CLIPS = (
    *map(_named, ("dropout", "label smoothing", "stochastic depth", "average of weights")),
    *map(_named, ("less weight decay", "more epochs")),
    _strength("scale jittering", "recipe.scale_jitter"),
    *map(_named, ("squeeze-and-excitation", "ResNet-D")),
)
CLIPS = Order(
    "3D ResNet-50 on Kinetics-400 (Bello et al. 2021, section 7)",
    _OF_CLIPS,
    (73.4, *[None] * 6, 77.4, None, 78.2),
    "video_methods",
)
"""The paper's text gives only the ends of its table and the sum of the training methods; this order of the
rows is an assumption."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The rows of one network on one data set, by rung."""

    order: Order
    methods: list[int]
    """Indices, in the order, of the methods that differ between the rows."""
    rows: pd.DataFrame
    """Rows on the ladder, completed or not. `rung` is the number of methods that a row has by the paper's
    order, from 0 on, where methods that do not differ here are skipped."""
    is_whole: bool
    """Whether every row is on the ladder, each step adds one method at one strength, and nothing else differs
    on a rung."""

    @property
    def planned(self) -> list[int]:
        """The rungs, with or without results."""
        return sorted(set(self.rows["rung"]))


def place_of(table: Table) -> Place:
    """The place with the most rungs. Raises `Refused` where the table lacks a column of the methods."""
    rows, order = table.rows, _order_of(table)
    lacking = [column for method in order.methods for column in method.columns if column not in rows]
    if lacking:
        raise Refused(
            f"{table.source} has no column {lacking[0]}: the ladder is read from a study's own table."
        )
    place = [column for column in PLACE if column in rows]
    places = [_place(block, order) for _, block in rows.groupby(place, dropna=False)]
    return max(places, key=lambda place: (len(place.planned), len(place.rows)))


def whole_place_of(table: Table) -> Place | None:
    """The place whose rows are a ladder of three or more rungs and nothing else; None where there is none."""
    methods = _order_of(table).methods
    columns = [set(method.columns) <= set(table.rows.columns) for method in methods]
    if not all(columns) or sum(_differs(table.rows, method) for method in methods) < 2:
        return None
    place = place_of(table)
    return place if place.is_whole and len(place.planned) > 2 else None


def _order_of(table: Table) -> Order:
    has_clips = FRAMES in table.rows and table.rows[FRAMES].notna().any()
    return CLIPS if has_clips else IMAGES


def _differs(rows: pd.DataFrame, method: Method) -> bool:
    return any(rows[column].nunique() > 1 for column in method.columns)


def _place(rows: pd.DataFrame, order: Order) -> Place:
    methods = order.methods
    on = np.column_stack([method.is_on(rows) for method in methods])
    varying = [position for position in range(len(methods)) if 0 < on[:, position].mean() < 1]
    count = on[:, varying].sum(axis=1)
    is_on_ladder = (on[:, varying] == (np.arange(len(varying)) < count[:, None])).all(axis=1)
    numbers = np.array([_first_rung(on, varying, methods), *(position + 1 for position in varying)])
    rows = rows.assign(rung=numbers[count])
    strengths = [rows[list(methods[position].columns)].drop_duplicates() for position in varying]
    return Place(
        order=order,
        methods=varying,
        rows=rows[is_on_ladder],
        is_whole=bool(is_on_ladder.all())
        and rows["rung"].nunique() == len(numbers)
        and all(len(values) == 2 for values in strengths)
        and rows.groupby("rung")["setting"].nunique().max() == 1,
    )


def _first_rung(on: np.ndarray, varying: list[int], methods: Sequence[Method]) -> int:
    """Number of methods of a row that has none of the varying ones."""
    before = range(varying[0] if varying else len(methods))
    absolute = [position for position in before if not methods[position].is_relative]
    return len(before) if absolute and on[:, absolute[-1]].all() else 0
