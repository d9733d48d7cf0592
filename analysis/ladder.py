"""A comparison at equal cost: what one axis buys against another for the same FLOPs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.noise import GROUP, Floats, Rows, clipped

MAX_GAP = 5.0
"""Largest ratio of FLOPs between two neighbours on a ladder that is bridged: one doubling of width, and a
little. Over a wider gap the straight line on log-log axes misses a curved law by tenths of a point."""
SAME_FLOPS = 0.03
"""Two architectures whose FLOPs differ by less are compared directly."""

Place = tuple[int, int, float]
"""A spot on a ladder: between groups `low` and `high`, `weight` of the way up in log FLOPs."""


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    axis: str
    """The axis that is praised when an advantage is positive."""
    rival: str
    """The axis it is set against."""
    table: pd.DataFrame
    """One row a comparison: data, setting, depth, width, resolution, epochs (of the base both ladders start
    from), flops, and two spots in the groups: axis_low, axis_high, axis_weight, rival_low, rival_high,
    rival_weight."""

    def advantage(self, errors: Floats) -> Floats:
        """Top-1 points won by `axis` over `rival` at equal FLOPs, [..., comparisons], from errors [...,
        groups].

        Between two rungs log error is linear in log FLOPs: a power law from rung to rung.
        """
        return self._errors_at(errors, "rival") - self._errors_at(errors, "axis")

    def _errors_at(self, errors: Floats, side: str) -> Floats:
        log_errors = np.log(clipped(errors))
        low, high = (self.table[f"{side}_{end}"].to_numpy(dtype=int) for end in ("low", "high"))
        weight = self.table[f"{side}_weight"].to_numpy(dtype=float)
        return np.asarray(np.exp((1 - weight) * log_errors[..., low] + weight * log_errors[..., high]))


def compare(groups: pd.DataFrame, axis: str, rival: str) -> Comparisons:
    """All comparisons at equal FLOPs that the groups allow, never beyond the measured range.

    From each base there is a ladder of groups that differ from it only by more of `axis`, and one by more of
    `rival`. Each rung of either is set against its spot on the other. Two architectures of the same FLOPs of
    which one has more of `axis` and the other more of `rival` are compared even when no base is measured.
    Settings, epochs and data sets are never mixed.
    """
    fixed = [column for column in GROUP if column not in (axis, rival)]
    usable = groups.reset_index(drop=True)
    usable = usable[usable["flops"].notna()]
    records: list[dict[str, object]] = []
    for key, block in usable.groupby(fixed):
        shared = dict(zip(fixed, key, strict=True))
        for base, spots in _block_comparisons(block, axis, rival):
            records.append(shared | base | spots)
    columns = [
        *GROUP,
        "flops",
        *(f"{side}_{part}" for side in ("axis", "rival") for part in ("low", "high", "weight")),
    ]
    table = pd.DataFrame(records, columns=columns).sort_values(
        [*GROUP, "flops"], kind="stable", ignore_index=True
    )
    return Comparisons(axis=axis, rival=rival, table=table)


def _block_comparisons(
    block: pd.DataFrame, axis: str, rival: str
) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
    up, across = block[axis].to_numpy(dtype=float), block[rival].to_numpy(dtype=float)
    flops, index = block["flops"].to_numpy(dtype=float), block.index.to_numpy()
    for base in range(len(block)):
        values: dict[str, object] = {axis: block[axis].iloc[base], rival: block[rival].iloc[base]}
        ours = _ladder((across == across[base]) & (up >= up[base]), up, flops)
        theirs = _ladder((up == up[base]) & (across >= across[base]), across, flops)
        for price, our_place, their_place in _meetings(ours, theirs, flops):
            yield values, _spots(price, _global(our_place, index), _global(their_place, index))
    for one, other in _equal_flops(up, across, flops):
        values = {axis: block[axis].iloc[other], rival: block[rival].iloc[one]}
        yield values, _spots(flops[one], (index[one], index[one], 0.0), (index[other], index[other], 0.0))


def _ladder(chosen: npt.NDArray[np.bool_], height: Floats, flops: Floats) -> Rows:
    """Positions of the chosen groups from low to high; empty unless their FLOPs grow with the height."""
    rungs = np.flatnonzero(chosen)
    rungs = rungs[np.argsort(height[rungs], kind="stable")]
    return rungs if (np.diff(flops[rungs]) > 0).all() else rungs[:0]


def _meetings(ours: Rows, theirs: Rows, flops: Floats) -> Iterator[tuple[float, Place, Place]]:
    if len(ours) < 2 or len(theirs) < 2:
        return
    prices: list[float] = []
    for rung in ours[1:]:
        place = _place(theirs, flops, flops[rung])
        if place is not None:
            prices.append(flops[rung])
            yield flops[rung], (int(rung), int(rung), 0.0), place
    for rung in theirs[1:]:
        place = _place(ours, flops, flops[rung])
        met = any(abs(np.log(flops[rung] / price)) < 1e-3 for price in prices)
        if place is not None and not met:
            yield flops[rung], place, (int(rung), int(rung), 0.0)


def _place(ladder: Rows, flops: Floats, price: float) -> Place | None:
    """The spot of `price` on the ladder; None outside of it, and in a gap that is too wide to bridge."""
    high = int(np.searchsorted(flops[ladder], price * (1 - 1e-9)))
    if high == 0 or high == len(ladder):
        return None
    low_flops, high_flops = flops[ladder[high - 1]], flops[ladder[high]]
    if high_flops > MAX_GAP * low_flops:
        return None
    weight = float(np.log(price / low_flops) / np.log(high_flops / low_flops))
    return int(ladder[high - 1]), int(ladder[high]), min(weight, 1.0)


def _equal_flops(up: Floats, across: Floats, flops: Floats) -> Iterator[tuple[int, int]]:
    """Pairs (more of the axis, more of the rival) of the same FLOPs whose base was not measured."""
    measured = set(zip(up, across, strict=True))
    for one in range(len(up)):
        near = np.abs(np.log(flops / flops[one])) < np.log1p(SAME_FLOPS)
        for other in np.flatnonzero(near & (up < up[one]) & (across > across[one])):
            if (up[other], across[one]) not in measured:
                yield one, int(other)


def _global(place: Place, index: npt.NDArray[np.int64]) -> Place:
    return int(index[place[0]]), int(index[place[1]]), place[2]


def _spots(price: float, ours: Place, theirs: Place) -> dict[str, object]:
    names = ("low", "high", "weight")
    spots = {f"axis_{name}": value for name, value in zip(names, ours, strict=True)}
    return {"flops": float(price), **spots, **{f"rival_{n}": v for n, v in zip(names, theirs, strict=True)}}
