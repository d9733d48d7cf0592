"""Transfer: what pre-trained networks are worth on another task, by their accuracy, depth and width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd

from analysis.mean import mean_interval
from analysis.noise import Interval
from analysis.rank_correlation import (
    FEWEST_NETWORKS,
    Ranked,
    interval_of,
    num_pairs,
    pooled_scatter,
    replicates_of,
    tau,
)
from analysis.table import Table

SCRATCH = "scratch"
NETWORK = ("model", "depth", "width")
TASK = ("data", "resolution", "epochs")
"""Of the second training; what is compared has all of them alike."""

Verdict = Literal["better", "worse", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Transferred:
    """A network after its second training, at the setting that was best on validation images."""

    tune: str
    """`all`, `head` or `scratch`."""
    origin: str
    """Of its first training; empty for none."""
    start_epochs: float
    """Of its first training; NaN where that is not known, and for none."""
    network: tuple[str, float, float]
    """Family, depth and width."""
    flops: float
    setting: str
    num_settings: int
    """That it was chosen among."""
    by_seed: Mapping[int, float]
    """Accuracy in percent, of test images where they were evaluated."""
    start_by_seed: Mapping[int, float]
    """That of the start on its own task, in percent; empty where it is not known."""

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.by_seed.values())))

    @property
    def start_mean(self) -> float:
        return float(np.mean(list(self.start_by_seed.values()))) if self.start_by_seed else float("nan")


@dataclass(frozen=True, kw_only=True)
class Order:
    """Whether what has more of something before transfers better."""

    tune: str
    by: Literal["accuracy", "depth", "width", "epochs"]
    """Of the start: `accuracy` compares all, the others models that are alike in the rest of these."""
    tau: float
    ci95: Interval | None
    num_models: int
    num_networks: int
    num_pairs: int
    verdict: Verdict = "undecided"


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Points of one way of training over another, of the same networks and seeds."""

    tune: str
    over: str
    start_epochs: float | None
    """None: all first trainings together."""
    points: float
    ci95: Interval | None
    """By Student's t over the networks."""
    num_networks: int
    verdict: Verdict = "undecided"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """Of one task."""

    task: tuple[str, float, float]
    metric: str
    """`test_top1`, `test_miou`, or the accuracy on validation images where no others were evaluated."""
    models: tuple[Transferred, ...]
    orders: tuple[Order, ...]
    gains: tuple[Gain, ...]
    num_verdicts: int
    """That share 5 %."""


def transfers(table: Table) -> tuple[Transfer, ...]:
    """One for each task of the table; none where no point begins from another."""
    rows = table.usable
    if "start.point" not in rows or rows["start.point"].isna().all():
        return ()
    tested = f"test_{table.accuracy.column}"
    has_tests = tested in rows and rows[tested].notna().all()
    metric = tested if has_tests else table.accuracy.column
    rows = rows.assign(
        tune=rows["start.tune"].where(rows["start.point"].notna(), SCRATCH),
        origin=rows["start.origin"].where(rows["start.point"].notna(), ""),
    )
    found = [
        _transfer(block, table.accuracy.column, metric)
        for _, block in rows.groupby(list(TASK))
        if block["start.point"].notna().any()
    ]
    return tuple(found)


def _transfer(rows: pd.DataFrame, accuracy: str, metric: str) -> Transfer:
    first = rows.iloc[0]
    models = tuple(_models(rows, accuracy, metric))
    orders, drawn = zip(*_orders(models), strict=True) if any(True for _ in _orders(models)) else ((), ())
    gains = list(_gains(models))
    level = 1 - 0.05 / max(len(orders) + len(gains), 1)
    return Transfer(
        task=(str(first["data"]), float(first["resolution"]), float(first["epochs"])),
        metric=metric,
        models=models,
        orders=tuple(
            replace(each, verdict=_order_verdict(each, replicates, level))
            for each, replicates in zip(orders, drawn, strict=True)
        ),
        gains=tuple(_judged(models, each, level) for each in gains),
        num_verdicts=len(orders) + len(gains),
    )


def _models(rows: pd.DataFrame, accuracy: str, metric: str) -> Iterator[Transferred]:
    """Each network once for each first training and way of the second."""
    for (tune, origin, family, *_), block in rows.groupby(["tune", "origin", *NETWORK]):
        by_setting = block.groupby("setting")[accuracy].mean()
        best = str(by_setting.idxmax())
        chosen = block[block["setting"] == best]
        start = f"start.{_start_accuracy(block)}"
        known = chosen[chosen[start].notna()] if start in chosen else chosen.iloc[:0]
        epochs = chosen["start.epochs"].mean() if "start.epochs" in chosen else np.nan
        yield Transferred(
            tune=str(tune),
            origin=str(origin),
            start_epochs=float(epochs),
            network=(str(family), float(chosen["depth"].iloc[0]), float(chosen["width"].iloc[0])),
            flops=float(chosen["flops"].mean()),
            setting=best,
            num_settings=len(by_setting),
            by_seed=_by_seed(chosen, metric),
            start_by_seed=_by_seed(known, start) if len(known) else {},
        )


def _start_accuracy(rows: pd.DataFrame) -> str:
    """What the starts were compared by."""
    is_known = "start.miou" in rows and rows["start.miou"].notna().any()
    return "miou" if is_known else "top1"


def _by_seed(rows: pd.DataFrame, column: str) -> dict[int, float]:
    means = rows.groupby("seed")[column].mean()
    return {int(seed): float(value) for seed, value in zip(means.index, means, strict=True)}


def _orders(models: Sequence[Transferred]) -> Iterator[tuple[Order, np.ndarray]]:
    """What orders the models of each way of tuning, with its replicates."""
    for tune in ("all", "head"):
        mine = [each for each in models if each.tune == tune]
        for by in ("accuracy", "depth", "width", "epochs"):
            measured = [each for each in mine if np.isfinite(_measure(each, by))]
            ranked = _ranked(measured, by) if measured else None
            if ranked is None or not num_pairs(ranked):
                continue
            replicates = replicates_of(ranked)
            yield (
                Order(
                    tune=tune,
                    by=by,
                    tau=tau(ranked),
                    ci95=interval_of(replicates),
                    num_models=len(measured),
                    num_networks=len({each.network for each in measured}),
                    num_pairs=num_pairs(ranked),
                ),
                replicates,
            )


def _measure(model: Transferred, by: str) -> float:
    own = {"depth": model.network[1], "width": model.network[2], "epochs": model.start_epochs}
    return model.start_mean if by == "accuracy" else own[by]


def _ranked(models: Sequence[Transferred], by: str) -> Ranked:
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


def _may_pair(one: Transferred, other: Transferred, by: str) -> bool:
    """Whether two models are compared: all by their accuracy, else those alike in all but this."""
    if one is other:
        return False
    if by == "accuracy":
        return True
    alike = {"family": 0, "depth": 1, "width": 2}
    if any(one.network[place] != other.network[place] for name, place in alike.items() if name != by):
        return False
    return by == "epochs" or one.origin == other.origin


def _seeds(model: Transferred, by: str) -> np.ndarray:
    """[seeds, 2]: both measures of each seed."""
    seeds = [seed for seed in model.by_seed if by != "accuracy" or seed in model.start_by_seed]
    first = [model.start_by_seed[seed] if by == "accuracy" else 0.0 for seed in seeds]
    return np.column_stack([first, [model.by_seed[seed] for seed in seeds]])


def _order_verdict(order: Order, replicates: np.ndarray, level: float) -> Verdict:
    ci = interval_of(replicates, level)
    if ci is None or order.num_networks < FEWEST_NETWORKS:
        return "undecided"
    return _sign(ci)


def _sign(ci: Interval | None) -> Verdict:
    if ci is None or ci[0] <= 0 <= ci[1]:
        return "undecided"
    return "better" if ci[0] > 0 else "worse"


_OVER = (("all", SCRATCH), ("head", SCRATCH), ("all", "head"))


def _gains(models: Sequence[Transferred]) -> Iterator[Gain]:
    """Of each way over another: of all first trainings together, and where there are several, of each."""
    for tune, over in _OVER:
        epochs = sorted({each.start_epochs for each in models if each.tune == tune})
        several = [each for each in epochs if np.isfinite(each)]
        for at in (None, *(several if len(several) > 1 else ())):
            points = _points(models, tune, over, at)
            if len(points):
                yield Gain(
                    tune=tune,
                    over=over,
                    start_epochs=at,
                    points=float(points.mean()),
                    ci95=mean_interval(points),
                    num_networks=len(points),
                )


def _points(models: Sequence[Transferred], tune: str, over: str, at: float | None) -> np.ndarray:
    """[networks]: mean over seeds, and over first trainings, of the difference within each seed."""
    found: dict[tuple[str, float, float], list[float]] = {}
    ours = [each for each in models if each.tune == tune and at in (None, each.start_epochs)]
    theirs = [each for each in models if each.tune == over]
    for mine, other in product(ours, theirs):
        if mine.network != other.network or other.origin not in ("", mine.origin):
            continue
        both = mine.by_seed.keys() & other.by_seed.keys()
        found.setdefault(mine.network, []).extend(mine.by_seed[seed] - other.by_seed[seed] for seed in both)
    return np.array([np.mean(each) for each in found.values() if each])


def _judged(models: Sequence[Transferred], gain: Gain, level: float) -> Gain:
    points = _points(models, gain.tune, gain.over, gain.start_epochs)
    if len(points) < FEWEST_NETWORKS:
        return gain
    return replace(gain, verdict=_sign(mean_interval(points, level)))
