"""The ladder of training methods: what each adds to those before it, beside Bello et al. 2021, Table 1."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.mean import mean_interval
from analysis.noise import Interval
from analysis.sheet import Sheet
from analysis.table import Table
from scaling.errors import Refused
from scaling.quantity import counted


@dataclass(frozen=True)
class Method:
    label: str
    paper_top1: float
    """Percent, of ResNet-200 on ImageNet with this method and all before it."""
    columns: tuple[str, ...]
    is_on: Callable[[pd.DataFrame], pd.Series]
    """For each row, whether it was trained with it."""


def _strength(label: str, paper_top1: float, column: str) -> Method:
    """A method that is off where its strength is 0."""
    return Method(label, paper_top1, (column,), lambda rows: rows[column].astype(float) > 0)


def _has_less_decay(rows: pd.DataFrame) -> pd.Series:
    decay = rows["recipe.weight_decay"].astype(float)
    return decay < decay.max()


def _is_resnet_d(rows: pd.DataFrame) -> pd.Series:
    is_pooled = rows["model.pooled_shortcut"].astype(str).str.lower() == "true"  # a text, from a CSV
    return (rows["model.stem"] == "deep") & is_pooled


BASELINE_TOP1 = 79.0

METHODS = (
    Method("cosine learning rate", 79.3, ("schedule.kind",), lambda rows: rows["schedule.kind"] == "cosine"),
    Method("more epochs", 78.8, ("epochs",), lambda rows: rows["epochs"] > rows["epochs"].min()),
    _strength("average of weights", 79.1, "recipe.ema_decay"),
    _strength("label smoothing", 80.4, "recipe.label_smoothing"),
    _strength("stochastic depth", 80.6, "recipe.stochastic_depth"),
    _strength("RandAugment", 81.0, "recipe.rand_augment_layers"),
    _strength("dropout", 80.7, "recipe.dropout"),
    Method("less weight decay", 82.2, ("recipe.weight_decay",), _has_less_decay),
    _strength("squeeze-and-excitation", 82.9, "model.se_ratio"),
    Method("ResNet-D", 83.4, ("model.stem", "model.pooled_shortcut"), _is_resnet_d),
)
"""In the order of the paper."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    label: str
    num_seeds: int
    top1: float
    """Mean over the seeds, in percent."""
    ci95: Interval | None
    """Of the mean, by Student's t; None for one seed."""
    gain: float | None
    """Points over the rung before, mean over the seeds that both have; None for the first."""
    gain_ci95: Interval | None
    """Of the gain, by Student's t over the pairs."""
    paper_top1: float
    paper_gain: float | None


@dataclass(frozen=True, kw_only=True)
class Ladder:
    metric: str
    """`test_top1`, or `top1` where no test images were evaluated."""
    rungs: list[Rung]
    """Of which there are results, in the order of the paper."""
    total: Rung
    """The last rung over the first."""


def climb(table: Table) -> Ladder:
    """The ladder that a table holds; Refused where it holds fewer than two rungs.

    A rung is a set of rows that have the first so many methods and none of the rest.
    """
    rows = table.usable
    lacking = [column for method in METHODS for column in method.columns if column not in rows]
    if lacking:
        raise Refused(
            f"{table.source} has no column {lacking[0]}: the ladder is read from a study's own table."
        )
    metric = "test_top1" if rows.get("test_top1", pd.Series(dtype=float)).notna().any() else "top1"
    found = [each for each in _found(rows, metric) if len(each.top1)]
    if len(found) < 2:
        raise Refused(
            f"{table.source} has results of {counted(len(found), 'rung')} of the ladder, and two are needed: "
            "python sweep.py study=training_methods trains all of them."
        )
    rungs = [_rung(after, before) for before, after in zip([None, *found], found, strict=False)]
    total = replace(_rung(found[-1], found[0]), label="all together")
    return Ladder(metric=metric, rungs=rungs, total=total)


@dataclass(frozen=True, kw_only=True)
class _Found:
    label: str
    paper_top1: float
    top1: pd.Series
    """By seed."""


def _found(rows: pd.DataFrame, metric: str) -> Iterator[_Found]:
    """What there is of each rung."""
    on = np.column_stack([method.is_on(rows) for method in METHODS])
    labels = ["ResNet", *(f"+ {method.label}" for method in METHODS)]
    papers = [BASELINE_TOP1, *(method.paper_top1 for method in METHODS)]
    for number, (label, paper) in enumerate(zip(labels, papers, strict=True)):
        chosen = (on == (np.arange(len(METHODS)) < number)).all(axis=1)
        yield _Found(label=label, paper_top1=paper, top1=rows[chosen].groupby("seed")[metric].mean().dropna())


def _rung(found: _Found, before: _Found | None) -> Rung:
    values = found.top1.to_numpy(dtype=float)
    gains = None if before is None else (found.top1 - before.top1).dropna().to_numpy(dtype=float)
    return Rung(
        label=found.label,
        num_seeds=len(values),
        top1=float(values.mean()),
        ci95=mean_interval(values),
        gain=None if gains is None or not len(gains) else float(gains.mean()),
        gain_ci95=None if gains is None else mean_interval(gains),
        paper_top1=found.paper_top1,
        paper_gain=None if before is None else round(found.paper_top1 - before.paper_top1, 1),
    )


def ladder_sheet(ladder: Ladder) -> Sheet:
    """The ladder as texts, a row a rung, and the whole of it last."""
    rows = [_cells(rung) for rung in ladder.rungs]
    return Sheet(
        title="Training methods, each added to those before",
        note=f"{ladder.metric} in percent, with 95 % intervals; the gain is over the rung before, by seed. "
        "Beside it ResNet-200 on ImageNet (Bello et al. 2021, Table 1).",
        head=("method", "seeds", "top-1", "gain", "95 %", "paper", "paper gain"),
        rows=[*rows, ("all together", "", "", *_cells(ladder.total)[3:5], "", _cells(ladder.total)[6])],
    )


def _cells(rung: Rung) -> tuple[str, ...]:
    top1 = f"{rung.top1:.2f}" if rung.ci95 is None else f"{rung.top1:.2f} ± {rung.ci95[1] - rung.top1:.2f}"
    return (
        rung.label,
        str(rung.num_seeds),
        top1,
        "" if rung.gain is None else f"{rung.gain:+.2f}",
        "" if rung.gain_ci95 is None else f"{rung.gain_ci95[0]:+.2f} to {rung.gain_ci95[1]:+.2f}",
        f"{rung.paper_top1:.1f}",
        "" if rung.paper_gain is None else f"{rung.paper_gain:+.1f}",
    )
