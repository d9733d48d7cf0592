"""A comparison at equal cost: what one axis buys against another for the same FLOPs, or the same latency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.metric import FLOPS, Metric
from analysis.noise import GROUP, Floats, Rows, clipped

MAX_GAP = 5.0
"""Largest ratio of costs between neighbours on a ladder that is bridged: one doubling of width, and a
little."""
SAME_COST = 0.03
"""Two architectures whose costs differ by less are compared directly."""
MAX_BEND = 0.02
"""Curvature of log error over log cost where nothing measures it: anything from 0, a pure power law, to
this. A law with a floor, e = E + a F^-b, has b^2 s (1 - s) / 2 where a share s of the error is reducible:
0.02 is the most it can be at b = 0.4."""
REGIME = ["data", "setting", "epochs"]

Place = tuple[int, int, float, float]
"""A spot on a ladder: between groups `low` and `high`, `weight` of the way up in log cost, and its `bend`:
how far a curve of curvature 1 hangs below the straight line there."""
PARTS = ("low", "high", "weight", "bend")


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    axis: str
    """The axis that is praised when an advantage is positive."""
    rival: str
    """The axis it is set against."""
    cost: Metric
    """What both sides pay alike."""
    table: pd.DataFrame
    """One row a comparison: data, setting, depth, width, resolution, epochs (of the base both ladders start
    from), the column of the cost, axis_rung and rival_rung (the value of the side that is measured at this
    cost, NaN where it is interpolated), and a spot (PARTS) among the groups for either side: axis_low, …,
    rival_bend."""
    triples: pd.DataFrame
    """Three neighbouring rungs each, which measure curvature: side, regime, low, mid, high, weight, bend."""

    def where(self, chosen: pd.Series) -> Comparisons:
        """The same with only the chosen rows; curvature is still measured on all."""
        return replace(self, table=self.table[chosen])

    def advantage(self, errors: Floats) -> Floats:
        """Top-1 points won by `axis` over `rival` at equal cost, [..., comparisons], from errors [...,
        groups].

        Between two rungs log error is a parabola in log cost, with one curvature for all ladders of an axis
        in a regime. An axis of two values takes the curvature of its rival; where neither measures it,
        replicates are spread over 0 to MAX_BEND and single errors take the middle.
        """
        logs = np.log(clipped(errors))
        measured = {side: self._curvature(logs, side) for side in ("axis", "rival")}
        spread = MAX_BEND * (np.linspace(0, 1, len(logs)) if logs.ndim == 2 else np.array(0.5))
        own, other = measured["axis"], measured["rival"]
        own = np.where(np.isnan(own), other, own)
        other = np.where(np.isnan(other), own, other)
        own, other = (np.where(np.isnan(each), spread[..., None], each) for each in (own, other))
        return np.asarray(self._errors_at(logs, "rival", other) - self._errors_at(logs, "axis", own))

    def _errors_at(self, logs: Floats, side: str, curvature: Floats) -> Floats:
        low, high = (self.table[f"{side}_{end}"].to_numpy(dtype=int) for end in ("low", "high"))
        weight, bend = (self.table[f"{side}_{part}"].to_numpy(dtype=float) for part in ("weight", "bend"))
        return np.asarray(np.exp((1 - weight) * logs[..., low] + weight * logs[..., high] - curvature * bend))

    def _curvature(self, logs: Floats, side: str) -> Floats:
        """[..., comparisons]: least squares over the triples of the side in the same regime; NaN without
        any."""
        triples = self.triples[self.triples["side"] == side]
        low, mid, high = (triples[part].to_numpy(dtype=int) for part in ("low", "mid", "high"))
        weight, bend = triples["weight"].to_numpy(dtype=float), triples["bend"].to_numpy(dtype=float)
        sag = (1 - weight) * logs[..., low] + weight * logs[..., high] - logs[..., mid]
        same = self.table["regime"].to_numpy()[None, :] == triples["regime"].to_numpy()[:, None]
        with np.errstate(invalid="ignore"):
            return np.asarray((sag * bend) @ same / (bend**2 @ same))


def compare(groups: pd.DataFrame, axis: str, rival: str, cost: Metric = FLOPS) -> Comparisons:
    """All comparisons at equal cost that the groups allow, never beyond the measured range.

    From each base there is a ladder of groups that differ from it only by more of `axis`, and one by more of
    `rival`. Each rung of either is set against its spot on the other. Two architectures of the same cost of
    which one has more of `axis` and the other more of `rival` are compared even when no base is measured.
    Settings, epochs and data sets are never mixed.
    """
    fixed = [column for column in GROUP if column not in (axis, rival)]
    usable = groups.reset_index(drop=True)
    usable = usable[usable[cost.column].notna()]
    sides = {"axis": axis, "rival": rival}
    records: list[dict[str, object]] = []
    triples: list[dict[str, object]] = []
    for key, block in usable.groupby(fixed):
        shared = dict(zip(fixed, key, strict=True))
        shared["regime"] = repr([shared[column] for column in REGIME])
        grid = _Block(
            height={"axis": block[axis].to_numpy(dtype=float), "rival": block[rival].to_numpy(dtype=float)},
            cost=block[cost.column].to_numpy(dtype=float),
            group=block.index.to_numpy(dtype=np.intp),
        )
        for base, price, spots in _comparisons(grid):
            where = {axis: block[axis].iloc[base[0]], rival: block[rival].iloc[base[1]], cost.column: price}
            rungs = {f"{side}_rung": _rung(usable[name], spots, side) for side, name in sides.items()}
            records.append(shared | where | rungs | spots)
        triples += [{"regime": shared["regime"]} | triple for triple in _triples(grid)]
    spots_of = [f"{side}_{part}" for side in sides for part in ("rung", *PARTS)]
    table = pd.DataFrame(records, columns=[*GROUP, "regime", cost.column, *spots_of])
    table = table.sort_values([*GROUP, cost.column], kind="stable", ignore_index=True)
    frame = pd.DataFrame(triples, columns=["side", "regime", "low", "mid", "high", "weight", "bend"])
    return Comparisons(axis=axis, rival=rival, cost=cost, table=table, triples=frame)


def _rung(values: pd.Series, spots: dict[str, int | float], side: str) -> float:
    low, high = spots[f"{side}_low"], spots[f"{side}_high"]
    return float(values.loc[low]) if low == high else np.nan


@dataclass(frozen=True)
class _Block:
    """Groups that differ in the axis and the rival only, as arrays."""

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
        """The spot of `price` on the ladder; None outside of it, and in a gap that is too wide to bridge."""
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


def _comparisons(grid: _Block) -> Iterator[tuple[tuple[int, int], float, dict[str, int | float]]]:
    """(Positions that hold the base's axis and rival, the price, the spots of a comparison)."""
    for base in range(len(grid.cost)):
        ladders = {side: grid.ladder(side, base) for side in ("axis", "rival")}
        for price, ours, theirs in _meetings(grid, ladders["axis"], ladders["rival"]):
            yield (base, base), float(price), _spots(ours, theirs)
    for one, other in _equal_cost(grid):
        yield (other, one), float(grid.cost[one]), _spots(grid.rung(one), grid.rung(other))


def _meetings(grid: _Block, ours: Rows, theirs: Rows) -> Iterator[tuple[float, Place, Place]]:
    """Each rung of either ladder against its spot on the other; rungs of the same cost meet once."""
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


def _equal_cost(grid: _Block) -> Iterator[tuple[int, int]]:
    """Pairs (more of the axis, more of the rival) of the same cost whose base was not measured."""
    up, across = grid.height["axis"], grid.height["rival"]
    measured = set(zip(up, across, strict=True))
    for one in range(len(up)):
        near = np.abs(np.log(grid.cost / grid.cost[one])) < np.log1p(SAME_COST)
        for other in np.flatnonzero(near & (up < up[one]) & (across > across[one])):
            if (up[other], across[one]) not in measured:
                yield one, int(other)


def _triples(grid: _Block) -> Iterator[dict[str, object]]:
    """Three neighbours on a ladder, whose middle shows how far the curve hangs below the straight line."""
    for side in ("axis", "rival"):
        for base in range(len(grid.cost)):
            rungs = grid.ladder(side, base)[:3]
            if len(rungs) == 3 and (np.diff(np.log(grid.cost[rungs])) <= np.log(MAX_GAP)).all():
                low, mid, high = (int(group) for group in grid.group[rungs])
                gap = float(np.log(grid.cost[rungs[2]] / grid.cost[rungs[0]]))
                weight = float(np.log(grid.cost[rungs[1]] / grid.cost[rungs[0]])) / gap
                bend = weight * (1 - weight) * gap**2
                yield dict(side=side, low=low, mid=mid, high=high, weight=weight, bend=bend)


def _spots(ours: Place, theirs: Place) -> dict[str, int | float]:
    spots: dict[str, int | float] = {f"axis_{part}": value for part, value in zip(PARTS, ours, strict=True)}
    return spots | {f"rival_{part}": value for part, value in zip(PARTS, theirs, strict=True)}
