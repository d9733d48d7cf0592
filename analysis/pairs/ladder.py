"""A ladder: models that differ in one axis only, and where it costs the same as a rung of another ladder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.metric import FLOPS, Metric
from analysis.noise import GROUP, REGIME, Floats, Rows
from analysis.pairs.comparisons import PARTS, SIDES, Comparisons

MAX_GAP = 5.0
"""Largest ratio of costs between neighbours on a ladder that is interpolated: a little more than one doubling
of width."""
SAME_COST = 0.03
"""Relative difference in cost below which two architectures are compared directly."""

Place = tuple[int, int, float, float]
"""A spot on a ladder: its PARTS."""


def compare(groups: pd.DataFrame, axis: str, rival: str, cost: Metric = FLOPS) -> Comparisons:
    """All comparisons at equal cost that the groups allow, never beyond the measured range.

    From each base there is a ladder of groups that differ from it only by more of `axis`, and one by more of
    `rival`. Each rung of either ladder is compared with the spot of equal cost on the other. Two
    architectures of the same cost, one with more of `axis` and the other with more of `rival`, are compared
    even when no base is measured. Settings, epochs and data sets are never mixed.
    """
    fixed = [column for column in GROUP if column not in (axis, rival)]
    usable = groups.reset_index(drop=True)
    usable = usable[usable[cost.column].notna()]
    records: list[dict[str, object]] = []
    triples: list[dict[str, object]] = []
    for key, block in usable.groupby(fixed):
        shared: dict[str, object] = dict(zip(fixed, key, strict=True))
        shared["regime"] = repr([shared[column] for column in REGIME])
        grid = Block(
            height={
                side: block[name].to_numpy(dtype=float) for side, name in (("axis", axis), ("rival", rival))
            },
            cost=block[cost.column].to_numpy(dtype=float),
            group=block.index.to_numpy(dtype=np.intp),
        )
        records += [shared | comparison for comparison in comparisons_in(grid)]
        triples += [{"regime": shared["regime"]} | triple for triple in triples_in(grid)]
    spots = [f"{side}_{part}" for side in SIDES for part in ("rung", *PARTS)]
    names = {"axis": axis, "rival": rival, "price": cost.column}
    table = pd.DataFrame(records, columns=[*fixed, "regime", *names, *spots]).rename(columns=names)
    columns = dict.fromkeys((*GROUP, axis, rival, "regime", cost.column, *spots))
    table = table[[*columns]].astype(usable[[axis, rival]].dtypes.to_dict())
    table = table.sort_values([*GROUP, cost.column], kind="stable", ignore_index=True)
    frame = pd.DataFrame(triples, columns=["side", "regime", "low", "mid", "high", "weight", "bend"])
    return Comparisons(axis=axis, rival=rival, cost=cost, num_groups=len(groups), table=table, triples=frame)


@dataclass(frozen=True)
class Block:
    """Groups that differ only in the axis and the rival, as arrays."""

    height: dict[str, Floats]
    cost: Floats
    group: Rows

    def ladder(self, side: str, base: int) -> Rows:
        """Positions from the base upwards on one side; empty unless the cost grows with every rung."""
        height, fixed = self.height[side], self.height["rival" if side == "axis" else "axis"]
        rungs = np.flatnonzero((fixed == fixed[base]) & (height >= height[base]))
        rungs = rungs[np.argsort(height[rungs], kind="stable")]
        return rungs if (np.diff(self.cost[rungs]) > 0).all() else rungs[:0]

    def rung(self, position: int) -> Place:
        group = int(self.group[position])
        return group, group, 0.0, 0.0

    def place(self, ladder: Rows, price: float) -> Place | None:
        """The spot of `price` on the ladder; None outside of the ladder, and in a gap too wide to
        interpolate."""
        high = int(np.searchsorted(self.cost[ladder], price * (1 - 1e-9)))
        if high == 0 or high == len(ladder):
            return None
        return self.between(ladder[high - 1], ladder[high], price)

    def between(self, low: int, high: int, price: float) -> Place | None:
        gap = float(np.log(self.cost[high] / self.cost[low]))
        if gap > np.log(MAX_GAP):
            return None
        weight = min(float(np.log(price / self.cost[low])) / gap, 1.0)
        return int(self.group[low]), int(self.group[high]), weight, weight * (1 - weight) * gap**2


def comparisons_in(grid: Block) -> Iterator[dict[str, object]]:
    """The base (axis, rival), the price and the spots of each comparison."""
    for base in range(len(grid.cost)):
        ladders = {side: grid.ladder(side, base) for side in SIDES}
        for price, ours, theirs in _meetings(grid, ladders["axis"], ladders["rival"]):
            yield _comparison(grid, (base, base), price, {"axis": ours, "rival": theirs})
    for one, other in _equal_cost(grid):
        spots = {"axis": grid.rung(one), "rival": grid.rung(other)}
        yield _comparison(grid, (other, one), grid.cost[one], spots)


def _comparison(
    grid: Block, base: tuple[int, int], price: float, spots: dict[str, Place]
) -> dict[str, object]:
    """One comparison; `base` has the positions that give the base's height on the axis and on the rival."""
    found: dict[str, object] = {side: grid.height[side][at] for side, at in zip(SIDES, base, strict=True)}
    for side, (low, high, weight, bend) in spots.items():
        rung = grid.height[side][grid.group == low].item() if low == high else np.nan
        parts = zip(("rung", *PARTS), (rung, low, high, weight, bend), strict=True)
        found |= {f"{side}_{part}": value for part, value in parts}
    return found | {"price": float(price)}


def _meetings(grid: Block, ours: Rows, theirs: Rows) -> Iterator[tuple[float, Place, Place]]:
    """Each rung of either ladder with its spot on the other; rungs of the same cost meet once."""
    if len(ours) < 2 or len(theirs) < 2:
        return
    for rung in ours[1:]:
        place = grid.place(theirs, grid.cost[rung])
        if place is not None:
            yield grid.cost[rung], grid.rung(rung), place
    for rung in theirs[1:]:
        place = grid.place(ours, grid.cost[rung])
        met = (np.abs(np.log(grid.cost[ours[1:]] / grid.cost[rung])) < 1e-3).any()
        if place is not None and not met:
            yield grid.cost[rung], place, grid.rung(rung)


def _equal_cost(grid: Block) -> Iterator[tuple[int, int]]:
    """Pairs (more of the axis, more of the rival) of the same cost whose base was not measured."""
    up, across = grid.height["axis"], grid.height["rival"]
    measured = set(zip(up, across, strict=True))
    for one in range(len(up)):
        near = np.abs(np.log(grid.cost / grid.cost[one])) < np.log1p(SAME_COST)
        for other in np.flatnonzero(near & (up < up[one]) & (across > across[one])):
            if (up[other], across[one]) not in measured:
                yield one, int(other)


def triples_in(grid: Block) -> Iterator[dict[str, object]]:
    """Three neighbours on a ladder, the middle of which shows how far the curve hangs below a straight
    line."""
    for side in SIDES:
        for base in range(len(grid.cost)):
            rungs = grid.ladder(side, base)[:3]
            if len(rungs) == 3 and (np.diff(np.log(grid.cost[rungs])) <= np.log(MAX_GAP)).all():
                low, mid, high = (int(group) for group in grid.group[rungs])
                gap = float(np.log(grid.cost[rungs[2]] / grid.cost[rungs[0]]))
                weight = float(np.log(grid.cost[rungs[1]] / grid.cost[rungs[0]])) / gap
                bend = weight * (1 - weight) * gap**2
                yield dict(side=side, low=low, mid=mid, high=high, weight=weight, bend=bend)
