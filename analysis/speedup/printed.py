"""Printed pairs: what a paper says of two networks of about equal accuracy, beside what holds at equal
accuracy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.metric import Metric
from analysis.noise import Floats, Noise
from analysis.speedup.family_pair import Bounds, Side, side, times_at
from analysis.speedup.speedup import priced, regimes
from analysis.table import Table


@dataclass(frozen=True, kw_only=True)
class PrintedPair:
    cost: Metric
    fast: str
    """Title of the cheaper network, as that of `slow` is of the other."""
    slow: str
    printed: float
    """Ratio of the cost of `slow` to that of `fast`, as printed."""
    times: float
    """The same ratio from the costs in the table."""
    top1_lead: float
    """Accuracy of `fast` minus that of `slow`, in points."""
    at_slow: float | None
    """Ratio of the cost of `slow` to that of the family of `fast` at the same accuracy, along its frontier;
    None where the family does not reach it."""
    at_slow_ci95: Bounds | None


def printed_pairs(
    table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None
) -> tuple[PrintedPair, ...]:
    """All pairs that the source prints; most sources print none."""
    if not table.printed:
        return ()
    prices = {price.metric.column: price for price in priced(table, groups, noise, draws)}
    return tuple(
        pair
        for families in regimes(table, groups)
        for column, price in prices.items()
        for pair in _pairs(
            table, price.metric, [side(family, price, groups, draws) for family in families], column
        )
    )


def _pairs(table: Table, metric: Metric, sides: list[Side], column: str) -> Iterator[PrintedPair]:
    place = {title: (mine, at) for mine in sides for at, title in enumerate(mine.titles)}
    for each in table.printed:
        if each.column == column and each.fast in place and each.slow in place:
            (fast, fast_at), (slow, slow_at) = place[each.fast], place[each.slow]
            ((at_slow, ci95),) = times_at(slow, np.array([slow_at]), fast)
            yield PrintedPair(
                cost=metric,
                fast=each.fast,
                slow=each.slow,
                printed=each.times,
                times=float(np.exp(slow.log_cost[0, slow_at] - fast.log_cost[0, fast_at])),
                top1_lead=float(fast.top1[0, fast_at] - slow.top1[0, slow_at]),
                at_slow=at_slow,
                at_slow_ci95=ci95,
            )
