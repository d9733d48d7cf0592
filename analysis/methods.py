"""The training methods of Bello et al. 2021, Table 1, and which rows of a table are rungs of their ladder."""

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
    """For each row, whether it was trained with it."""
    kind: Kind = "training"
    is_relative: bool = False
    """Whether it is on only beside rows in which it is off."""


def _strength(label: str, column: str, kind: Kind = "training") -> Method:
    """A method that is off where its strength is 0."""
    return Method(label, (column,), lambda rows: rows[column].astype(float) > 0, kind)


def _has_less_decay(rows: pd.DataFrame) -> pd.Series:
    decay = rows["recipe.weight_decay"].astype(float)
    return decay < decay.max()


def _is_resnet_d(rows: pd.DataFrame) -> pd.Series:
    is_pooled = rows["model.pooled_shortcut"].astype(str).str.lower() == "true"  # a text, from a CSV
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
"""In the order of the paper, those of training first."""
PAPER_TOP1 = tuple(row.top1.value for row in table1())
"""Percent, of ResNet-200 on ImageNet with so many methods."""
PLACE = ("data", "depth", "width", "resolution", FRAMES)
"""What a ladder does not change; frames only where there are clips."""


@dataclass(frozen=True)
class Order:
    """A published ladder: which methods, one after another."""

    paper: str
    """Of which network and data the ladder is, and where it is published."""
    methods: tuple[Method, ...]
    """Those of training first."""
    paper_top1: tuple[float | None, ...]
    """Percent with so many methods; None where no source was read."""
    study: str
    """What trains it in small."""

    @property
    def num_training(self) -> int:
        """Methods that are of training."""
        return sum(method.kind == "training" for method in self.methods)

    @property
    def paper_share(self) -> float:
        """Share of the training methods in the points that the paper gains."""
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
"""Of the paper's table the text gives the ends and the sum of the training methods; the order of its rows is
taken to be this one."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The rows of one network on one data set, by rung."""

    order: Order
    methods: list[int]
    """Positions in the order of those that differ between the rows."""
    rows: pd.DataFrame
    """Those on the ladder, completed or not. `rung` counts the methods that a row has by the paper's order,
    from 0 on; methods that do not differ here are passed over."""
    is_whole: bool
    """Whether every row is on it, each step adds one method at one strength, and nothing else differs on a
    rung."""

    @property
    def planned(self) -> list[int]:
        """The rungs, whether there are results of them or not."""
        return sorted(set(self.rows["rung"]))


def place_of(table: Table) -> Place:
    """The place with most rungs; Refused where the table lacks a column of the methods."""
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
    """The place whose rows are a ladder of three rungs or more and nothing else; None where there is none."""
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
    """How many methods a row has that has none of the varying ones."""
    before = range(varying[0] if varying else len(methods))
    absolute = [position for position in before if not methods[position].is_relative]
    return len(before) if absolute and on[:, absolute[-1]].all() else 0
