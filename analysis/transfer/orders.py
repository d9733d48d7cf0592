"""Orders: whether networks that have more of something before a second training transfer better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from analysis.noise import Floats, Interval
from analysis.transfer.gains import Verdict, sign_of
from analysis.transfer.rank_correlation import (
    Ranked,
    interval_of,
    least_p_value,
    num_pairs,
    pooled_scatter,
    replicates_of,
    tau,
)
from analysis.transfer.transferred import Transferred

By = Literal["accuracy", "depth", "width", "epochs"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """Whether models that have more of something before the second training transfer better."""

    tune: str
    by: By
    """What they have more of: `accuracy` compares all models, the others only models that agree in the other
    two of depth, width and epochs."""
    tau: float
    ci95: Interval | None
    num_models: int
    num_networks: int
    num_pairs: int
    least_p_value: float
    """Two-sided p-value of the clearest order that so many networks can show: if chance gives such an order
    more often than a verdict may be wrong, the order decides nothing."""
    verdict: Verdict = "undecided"


def orders_of(models: Sequence[Transferred]) -> Iterator[tuple[Order, Floats]]:
    """The orders of the models for each way of tuning, not yet judged, with the replicates of their tau."""
    for tune in ("all", "head"):
        for by in get_args(By):
            measured = [each for each in models if each.tune == tune and np.isfinite(_measure(each, by))]
            ranked = _ranked(measured, by) if measured else None
            if ranked is None or not num_pairs(ranked):
                continue
            replicates = replicates_of(ranked)
            order = Order(
                tune=tune,
                by=by,
                tau=tau(ranked),
                ci95=interval_of(replicates),
                num_models=len(measured),
                num_networks=len({each.network for each in measured}),
                num_pairs=num_pairs(ranked),
                least_p_value=_least_p_value(measured, by),
            )
            yield order, replicates


def judged_order(order: Order, replicates: Floats, share: float) -> Order:
    """The order with its verdict, which is wrong with probability `share` at most."""
    is_enough = order.least_p_value <= share
    return replace(order, verdict=sign_of(interval_of(replicates, 1 - share))) if is_enough else order


def _measure(model: Transferred, by: By) -> float:
    own = {"depth": model.network[1], "width": model.network[2], "epochs": model.start_epochs}
    return model.start_mean if by == "accuracy" else own[by]


def _ranked(models: Sequence[Transferred], by: By) -> Ranked:
    distinct = list(dict.fromkeys(each.network for each in models))
    pairs = np.array([[_may_pair(one, other, by) for other in models] for one in models])
    return Ranked(
        first=np.array([_measure(each, by) for each in models]),
        second=np.array([each.mean for each in models]),
        network=np.array([distinct.index(each.network) for each in models]),
        may_pair=pairs,
        scatter=pooled_scatter([_seeds(each, by) for each in models]),
        num_seeds=np.array([len(each.by_seed) for each in models]),
    )


def _may_pair(one: Transferred, other: Transferred, by: By) -> bool:
    """Whether two models are compared: by accuracy all are, else those that agree in everything but `by`."""
    if one is other:
        return False
    if by == "accuracy":
        return True
    alike = {"family": 0, "depth": 1, "width": 2}
    if any(one.network[place] != other.network[place] for name, place in alike.items() if name != by):
        return False
    return one.start_kind == other.start_kind if by == "epochs" else one.origin == other.origin


def _least_p_value(models: Sequence[Transferred], by: By) -> float:
    """The smallest p-value, where networks are exchanged as a whole, or trainings of different length in a
    network."""
    if by == "epochs":
        alike = Counter((each.network, each.start_kind) for each in models)
        return least_p_value(alike.values())
    networks = {each.network for each in models}
    kept = {"accuracy": (), "depth": (0, 2), "width": (0, 1)}[by]
    return least_p_value(Counter(tuple(each[place] for place in kept) for each in networks).values())


def _seeds(model: Transferred, by: By) -> np.ndarray:
    """[seeds, 2], both measures of each seed."""
    seeds = [seed for seed in model.by_seed if by != "accuracy" or seed in model.start_by_seed]
    first = [model.start_by_seed[seed] if by == "accuracy" else 0.0 for seed in seeds]
    return np.column_stack([first, [model.by_seed[seed] for seed in seeds]])
