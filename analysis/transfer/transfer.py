"""Transfer: what pre-trained networks are worth on another task, by their accuracy, depth and width."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.table import Table
from analysis.transfer.gains import Gain, gains_of, judged_gain
from analysis.transfer.orders import Order, judged_order, orders_of
from analysis.transfer.transferred import SCRATCH, Transferred, models_of
from scaling.errors import Refused

TASK = ("data", "resolution", "epochs")
"""Columns of the second training in which everything that is compared agrees."""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """The findings on one task."""

    task: tuple[str, float, float]
    metric: str
    """`test_top1`, `test_miou`, or the accuracy on validation images where no test images were evaluated."""
    models: tuple[Transferred, ...]
    orders: tuple[Order, ...]
    gains: tuple[Gain, ...]
    num_verdicts: int
    """Number of verdicts that share a 5 % error rate."""


def transfers(table: Table) -> tuple[Transfer, ...]:
    """One for each task of the table; empty where no point starts from another."""
    rows = table.usable
    if "start.point" not in rows or rows["start.point"].isna().all():
        return ()
    for column in ("start.tune", "start.origin"):
        if column not in rows:
            raise Refused(f"{table.source} has start.point and no {column}: add the column.")
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
    models = tuple(models_of(rows, accuracy, metric))
    orders, gains = list(orders_of(models)), list(gains_of(models))
    num_verdicts = len(orders) + len(gains)
    share = 0.05 / max(num_verdicts, 1)
    return Transfer(
        task=(str(first["data"]), float(first["resolution"]), float(first["epochs"])),
        metric=metric,
        models=models,
        orders=tuple(judged_order(each, replicates, share) for each, replicates in orders),
        gains=tuple(judged_gain(models, each, share) for each in gains),
        num_verdicts=num_verdicts,
    )
