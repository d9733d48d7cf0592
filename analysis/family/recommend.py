"""A recommendation: the model that laws put first for a budget, among those that can be built."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.family.buildable import SIZE, Latency, latency_model, priced, sizes_around
from analysis.law.average import Average
from analysis.noise import Interval
from analysis.replicates import bounds
from analysis.setting import Base
from analysis.table import AXES
from scaling.errors import Refused
from scaling.quantity import count_text, counted

Kind = Literal["flops", "latency_ms", "memory_gb"]
EQUAL_POINTS = 0.1
"""Models count as equal if their predicted errors differ by no more than this, and not beyond uncertainty."""
SHORTLIST_POINTS = 1.5
"""Points behind the best from which on a model is not considered; the lack of fit of a law is smaller."""
FARTHEST = 10.0
"""Factor beyond the cheapest or the most expensive measured model from which on no model is recommended."""


@dataclass(frozen=True)
class Budget:
    kind: Kind
    value: float

    def __str__(self) -> str:
        match self.kind:
            case "flops":
                return f"{count_text(self.value)} FLOPs"
            case "latency_ms":
                return f"{self.value:g} ms"
            case "memory_gb":
                return f"{self.value:g} GB"


@dataclass(frozen=True, kw_only=True)
class Member:
    budget: Budget
    depth: float
    width: float
    resolution: int
    epochs: int
    params: float
    flops: float
    memory_gb: float
    latency_ms: float | None
    """Latency predicted from those measured; None where none were."""
    top1: float
    """Predicted mean over seeds, in percent."""
    ci95: Interval
    beyond: tuple[str, ...]
    """Quantities in which the model lies beyond the measured range."""
    at_edge: tuple[str, ...]
    """Knobs at an end of their measured range, beyond which better models may lie."""
    num_equal: int
    """Number of models within the budget that count as equal to the best (see EQUAL_POINTS); this is the
    cheapest."""


def title(member: Member) -> str:
    """A member as text: `for 4G FLOPs, 3.9G FLOPs, predicted top-1 80.1 % (79.5, 80.7)`."""
    low, high = member.ci95
    beyond = f", beyond the measured {', '.join(member.beyond)}" if member.beyond else ""
    return (
        f"for {member.budget}, {count_text(member.flops)} FLOPs, predicted top-1 {member.top1:.1f} % "
        f"({low:.1f}, {high:.1f}){beyond}"
    )


def recommend(
    laws: Average,
    rows: pd.DataFrame,
    base: Base,
    budgets: Sequence[Budget],
    *,
    epochs: int | None = None,
    missed: float = 0.0,
) -> list[Member]:
    """The model for each budget, with the accuracy that an average of laws predicts.

    rows: the models that the laws are about, with the columns of `noise.group_seeds`. `epochs` defaults to
    the most measured. `missed` is the RMSE, in points, of a law on models more expensive than those it was
    fitted to; it widens the interval of a model beyond the measured range. Raises `Refused` for a budget
    farther than FARTHEST from the measured models, for a latency where none was measured, and for other
    epochs where all models had the same.
    """
    length = int(epochs or rows["epochs"].max())
    if rows["epochs"].nunique() == 1 and length != rows["epochs"].iloc[0]:
        raise Refused(
            f"{counted(length, 'epoch')}: all models were trained for {rows['epochs'].iloc[0]:g}, so no law "
            "covers other epochs: leave epochs out, or train some models for other epochs."
        )
    latency = latency_model(rows)
    measured = priced(base, rows.assign(epochs=length), latency)
    known = _Known(rows=rows, measured=measured, base=base, latency=latency, epochs=length)
    return [_member(laws, known, budget, missed) for budget in budgets]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is known about models, for any budget."""

    rows: pd.DataFrame
    """The models that the laws are about."""
    measured: pd.DataFrame
    """The same models with their costs at `epochs`."""
    base: Base
    latency: Latency | None
    epochs: int


def _member(laws: Average, known: _Known, budget: Budget, missed: float) -> Member:
    chosen, num_equal = _cheapest_of_the_best(laws, _affordable(known, budget), budget.kind)
    beyond = _beyond(known, chosen)
    return Member(
        budget=budget,
        depth=float(chosen["depth"]),
        width=float(chosen["width"]),
        resolution=int(chosen["resolution"]),
        epochs=known.epochs,
        params=float(chosen["params"]),
        flops=float(chosen["flops"]),
        memory_gb=float(chosen["memory_gb"]),
        latency_ms=None if known.latency is None else float(chosen["latency_ms"]),
        top1=100 - float(chosen["predicted"]),
        ci95=_interval(laws, chosen, missed if beyond else 0.0),
        beyond=beyond,
        at_edge=_at_edge(known.rows, chosen),
        num_equal=num_equal,
    )


def _affordable(known: _Known, budget: Budget) -> pd.DataFrame:
    """All models around the measured ones that the budget allows, with their costs."""
    if budget.kind == "latency_ms" and known.latency is None:
        raise Refused(f"{budget}: too few latencies are measured to predict those of other models.")
    costs = known.measured[budget.kind]
    cheapest, dearest = costs.min(), costs.max()
    low, high = min(1.0, budget.value / cheapest), max(1.0, budget.value / dearest)
    if high > FARTHEST or low < 1 / FARTHEST:
        ends = f"{Budget(budget.kind, cheapest)} to {Budget(budget.kind, dearest)}"
        raise Refused(f"{budget} is more than {FARTHEST:g} times beyond what was measured, {ends}.")
    sizes = sizes_around(known.rows, known.base, low, high).assign(epochs=known.epochs)
    models = priced(known.base, sizes, known.latency)
    models = models[models[budget.kind] <= budget.value].reset_index(drop=True)
    if models.empty:
        raise Refused(
            f"{budget}: no network in the measured range is that cheap, the cheapest takes {cheapest:.3g}."
        )
    return models


def _cheapest_of_the_best(laws: Average, models: pd.DataFrame, kind: Kind) -> tuple[pd.Series, int]:
    """The cheapest of the equally good models, and their number, by the mean of the replicates, which include
    lack of fit; the best estimate makes a shortlist."""
    guess = laws.error(models)
    near = models[guess <= guess.min() + SHORTLIST_POINTS]
    draws = laws.draws(near)
    near = near.assign(predicted=draws.mean(axis=0))
    best = near["predicted"].to_numpy().argmin()
    low, high = bounds(draws - draws[:, [best]])
    close = near["predicted"] <= near["predicted"].min() + EQUAL_POINTS
    equal = near[close & (low <= 0) & (high >= 0)]
    return equal.sort_values([kind, "flops", "predicted"], kind="stable").iloc[0], len(equal)


def _interval(laws: Average, model: pd.Series, missed: float) -> Interval:
    """Interval of the accuracy, widened to both sides by the RMSE of a law."""
    row = pd.DataFrame([model[[*AXES, "params", "flops", "train_flops"]].astype(float)])
    low, high = (float(each[0]) for each in laws.interval(row))
    middle, more = float(model["predicted"]), 1.96 * missed
    low, high = middle - math.hypot(middle - low, more), middle + math.hypot(high - middle, more)
    return max(0.0, 100 - high), min(100.0, 100 - low)


def _beyond(known: _Known, model: pd.Series) -> tuple[str, ...]:
    """Names of the axes, and of the FLOPs, in which the model lies beyond the measured range."""
    values = {axis: known.rows[axis] for axis in AXES} | {"flops": known.measured["flops"]}
    return tuple(name for name, seen in values.items() if not seen.min() <= model[name] <= seen.max())


def _at_edge(rows: pd.DataFrame, model: pd.Series) -> tuple[str, ...]:
    ends = {axis: (rows[axis].min(), rows[axis].max()) for axis in SIZE if rows[axis].nunique() > 1}
    return tuple(axis for axis, values in ends.items() if model[axis] in values)
