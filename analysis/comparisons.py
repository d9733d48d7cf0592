"""Comparisons: spots at equal cost on two ladders, and what one axis wins over the other there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from analysis.metric import Metric
from analysis.noise import Floats, Rows, clipped
from analysis.replicates import MAX_DRAWS

MAX_BEND = 0.02
"""Curvature of log error over log cost where nothing measures it: anything from 0, a pure power law, to
this. A law with a floor, e = E + a F^-b, has b^2 s (1 - s) / 2 where a share s of the error is reducible:
0.02 is the most it can be at b = 0.4."""
FEWEST_REPLICATES = 200

SIDES = ("axis", "rival")
PARTS = ("low", "high", "weight", "bend")
"""Of a spot on a ladder: between groups `low` and `high`, `weight` of the way up in log cost, and its `bend`:
how far a curve of curvature 1 hangs below the straight line there."""


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    axis: str
    """The axis that is praised when an advantage is positive."""
    rival: str
    """The axis it is set against."""
    cost: Metric
    """What both sides pay alike."""
    num_groups: int
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
        own, other = (self._curvature(logs, side) for side in SIDES)
        spread = MAX_BEND * (np.linspace(0, 1, len(logs)) if logs.ndim == 2 else np.array(0.5))
        own, other = np.where(np.isnan(own), other, own), np.where(np.isnan(other), own, other)
        own, other = (np.where(np.isnan(each), spread[..., None], each) for each in (own, other))
        return np.asarray(self._errors_at(logs, "rival", other) - self._errors_at(logs, "axis", own))

    @property
    def num_replicates(self) -> int:
        """Of so many comparisons as many replicates as fit in memory (MAX_DRAWS)."""
        return max(MAX_DRAWS // max(len(self.table), 1), FEWEST_REPLICATES)

    def replicates(self, draws: Floats | None) -> Floats | None:
        """Advantages [replicates, comparisons] from draws [replicates, groups], num_replicates at most."""
        return None if draws is None else self.advantage(draws[: self.num_replicates])

    def _errors_at(self, logs: Floats, side: str, curvature: Floats) -> Floats:
        """[..., comparisons], from the curvature in each regime, [..., regimes]."""
        straight, bend = self._spots[side]
        return np.asarray(np.exp(logs @ straight - curvature[..., self._regimes[0]] * bend))

    def _curvature(self, logs: Floats, side: str) -> Floats:
        """[..., regimes]: least squares over the triples of the side in the regime; NaN without any."""
        sag, bend, squares = self._measures[side]
        with np.errstate(invalid="ignore"):
            return np.asarray((logs @ sag) @ bend / squares)

    @cached_property
    def _regimes(self) -> tuple[Rows, pd.Index]:
        """The place of each comparison's regime among all, and the names of these."""
        place, names = pd.factorize(self.table["regime"])
        return place, pd.Index(names)

    @cached_property
    def _spots(self) -> dict[str, tuple[sparse.csr_array, Floats]]:
        """Of each side: what makes logs [..., groups] straight lines at the comparisons, and their bends."""
        found = {}
        for side in SIDES:
            low, high, weight, bend = (self.table[f"{side}_{part}"].to_numpy(dtype=float) for part in PARTS)
            found[side] = self._weights((low, 1 - weight), (high, weight)), bend
        return found

    @cached_property
    def _measures(self) -> dict[str, tuple[sparse.csr_array, sparse.csr_array, Floats]]:
        """Of each side: what makes logs [..., groups] sags of the triples, the bends of these [triples,
        regimes], and the sum of squared bends [regimes]."""
        found = {}
        for side in SIDES:
            triples = self.triples[self.triples["side"] == side]
            place = self._regimes[1].get_indexer(pd.Index(triples["regime"]))
            triples, place = triples[place >= 0], place[place >= 0]
            columns = (
                triples[part].to_numpy(dtype=float) for part in ("low", "mid", "high", "weight", "bend")
            )
            low, mid, high, weight, bend = columns
            sag = self._weights((low, 1 - weight), (high, weight), (mid, np.full(len(mid), -1.0)))
            squares = np.bincount(place, bend**2, minlength=len(self._regimes[1])).astype(np.float64)
            entries = (bend, (np.arange(len(place)), place))
            found[side] = sag, sparse.csr_array(entries, shape=(len(place), len(squares))), squares
        return found

    def _weights(self, *parts: tuple[Floats, Floats]) -> sparse.csr_array:
        """[groups, k]: at each of k spots, the sum over the parts of a group, times a weight."""
        spots = np.tile(np.arange(len(parts[0][0])), len(parts))
        groups = np.concatenate([group for group, _ in parts]).astype(int)
        weights = np.concatenate([weight for _, weight in parts])
        return sparse.csr_array((weights, (groups, spots)), shape=(self.num_groups, len(parts[0][0])))
