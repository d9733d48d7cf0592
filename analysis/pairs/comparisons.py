"""Comparisons: spots at equal cost on two ladders, and the advantage of one axis over the other there."""

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
"""Upper end of the curvature of log error in log cost that is assumed where nothing measures it; the lower
end is 0, a pure power law. A law with a floor, e = E + a F^-b, has curvature b^2 s (1 - s) / 2 where a share
s of the error is reducible: at most 0.02 at b = 0.4."""
FEWEST_REPLICATES = 200

SIDES = ("axis", "rival")
PARTS = ("low", "high", "weight", "bend")
"""A spot on a ladder: between groups `low` and `high`, at `weight` of the way up in log cost. `bend` is how
far a curve of curvature 1 hangs below the straight line there."""


@dataclass(frozen=True, kw_only=True)
class Comparisons:
    axis: str
    """The axis that a positive advantage favours."""
    rival: str
    """The axis it is compared with."""
    cost: Metric
    """The cost at which both sides are equal."""
    num_groups: int
    table: pd.DataFrame
    """One row per comparison: data, setting, depth, width, resolution, epochs (of the base from which both
    ladders start), the column of the cost, axis_rung and rival_rung (value of the axis on the side that is
    measured at this cost, NaN on the side that is interpolated), and for either side a spot (PARTS) among the
    groups: axis_low, …, rival_bend."""
    triples: pd.DataFrame
    """Triples of neighbouring rungs, which measure curvature: side, regime, low, mid, high, weight, bend."""

    def where(self, chosen: pd.Series) -> Comparisons:
        """The same with only the chosen rows; curvature is still measured on all triples."""
        return replace(self, table=self.table[chosen])

    def advantage(self, errors: Floats) -> Floats:
        """[..., comparisons], top-1 points by which `axis` beats `rival` at equal cost, from errors [...,
        groups].

        Between two rungs log error is a parabola in log cost, with one curvature for all ladders of an axis
        in a regime. An axis with two values takes the curvature of its rival; where neither measures it,
        replicates are spread over 0 to MAX_BEND, and single errors use the middle.
        """
        logs = np.log(clipped(errors))
        own, other = (self._curvature(logs, side) for side in SIDES)
        spread = MAX_BEND * (np.linspace(0, 1, len(logs)) if logs.ndim == 2 else np.array(0.5))
        own, other = np.where(np.isnan(own), other, own), np.where(np.isnan(other), own, other)
        own, other = (np.where(np.isnan(each), spread[..., None], each) for each in (own, other))
        return np.asarray(self._errors_at(logs, "rival", other) - self._errors_at(logs, "axis", own))

    @property
    def num_replicates(self) -> int:
        """Number of replicates that fit in memory for this number of comparisons (MAX_DRAWS)."""
        return max(MAX_DRAWS // max(len(self.table), 1), FEWEST_REPLICATES)

    def replicates(self, draws: Floats | None) -> Floats | None:
        """[replicates, comparisons], advantages for draws [replicates, groups], of which num_replicates are
        used."""
        return None if draws is None else self.advantage(draws[: self.num_replicates])

    def _errors_at(self, logs: Floats, side: str, curvature: Floats) -> Floats:
        """[..., comparisons], errors at the spots of a side, given the curvature in each regime [...,
        regimes]."""
        straight, bend = self._spots[side]
        return np.asarray(np.exp(logs @ straight - curvature[..., self._regimes[0]] * bend))

    def _curvature(self, logs: Floats, side: str) -> Floats:
        """[..., regimes], least squares over the triples of the side in each regime; NaN without any
        triple."""
        sag, bend, squares = self._measures[side]
        with np.errstate(invalid="ignore"):
            return np.asarray((logs @ sag) @ bend / squares)

    @cached_property
    def _regimes(self) -> tuple[Rows, pd.Index]:
        """The index of each comparison's regime, and the names of the regimes."""
        place, names = pd.factorize(self.table["regime"])
        return place, pd.Index(names)

    @cached_property
    def _spots(self) -> dict[str, tuple[sparse.csr_array, Floats]]:
        """For each side, the matrix that interpolates logs [..., groups] linearly at the comparisons, and the
        bends."""
        found = {}
        for side in SIDES:
            low, high, weight, bend = (self.table[f"{side}_{part}"].to_numpy(dtype=float) for part in PARTS)
            found[side] = self._weights((low, 1 - weight), (high, weight)), bend
        return found

    @cached_property
    def _measures(self) -> dict[str, tuple[sparse.csr_array, sparse.csr_array, Floats]]:
        """For each side, the matrix that turns logs [..., groups] into the sags of the triples, the bends of
        the triples [triples, regimes], and the sums of squared bends [regimes]."""
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
        """[groups, k], matrix that forms at each of k spots a weighted sum of groups."""
        spots = np.tile(np.arange(len(parts[0][0])), len(parts))
        groups = np.concatenate([group for group, _ in parts]).astype(int)
        weights = np.concatenate([weight for _, weight in parts])
        return sparse.csr_array((weights, (groups, spots)), shape=(self.num_groups, len(parts[0][0])))
