"""A frontier: the results that no other beats in error and cost at once, and who is on it only by luck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.dominance import Mask, membership, nondominated
from analysis.metric import Metric
from analysis.noise import Floats, Noise, mean_variance

STANDINGS = {
    "frontier": "no other result is as good for less",
    "within_noise": "another result is better in the mean, but not by more than noise explains",
    "dominated": "another result is better for the same cost or less, beyond noise",
    "dominated_noise_unknown": "another result is better in the values measured; seed noise is unknown",
}
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Frontier:
    cost: Metric
    """What is set against the error."""
    members: pd.DataFrame
    """The groups whose cost is known, cheapest first, with `standing` (a key of STANDINGS) and `probability`:
    of the true mean being on the frontier, given the means, the pooled noise and a flat prior; NaN if
    unknown."""

    @property
    def line(self) -> pd.DataFrame:
        return self.members[self.members["standing"] == "frontier"]


def frontier(groups: pd.DataFrame, noise: Noise, draws: Floats | None, cost: Metric) -> Frontier:
    """The frontier of error against `cost`; every setting and number of epochs competes, each data set for
    itself.

    `draws` are the replicates of `replicates.draw_errors` for these groups. Only noise of runs counts here,
    measured from repeats or declared. Raises nothing: groups without the cost are left out.
    """
    known = groups[cost.column].notna().to_numpy()
    measured = noise.is_of_runs and draws is not None
    parts = []
    for data in sorted(groups["data"].unique()):
        chosen = np.flatnonzero(known & (groups["data"] == data).to_numpy())
        block = groups.iloc[chosen]
        standing = _standings(block, noise, cost)
        probability = membership(block[cost.column], cast(Floats, draws)[:, chosen]) if measured else np.nan
        parts.append(block.assign(standing=standing, probability=probability))
    members = pd.concat(parts) if parts else groups.assign(standing="", probability=np.nan).iloc[:0]
    members = members.sort_values([cost.column, "error"], kind="stable")
    return Frontier(cost=cost, members=members)


def frontier_table(frontiers: Mapping[str, Frontier], groups: pd.DataFrame) -> pd.DataFrame:
    """All models with their standing, once for each cost; without one, the columns of the groups alone."""
    if not frontiers:
        return groups.assign(cost=None, standing=None, probability=None).iloc[:0]
    table = pd.concat([frontier.members.assign(cost=name) for name, frontier in frontiers.items()])
    first = ["cost", "standing", "probability"]
    return table[[*first, *(column for column in table.columns if column not in first)]]


def _standings(block: pd.DataFrame, noise: Noise, cost: Metric) -> list[str]:
    on_line = nondominated(block[["error", cost.column]], ["minimise", cost.direction])
    if not noise.is_of_runs:
        return ["frontier" if on else "dominated_noise_unknown" for on in on_line]
    beaten = _beaten_beyond_noise(block, noise, cost, on_line)
    return [
        "frontier" if on else "dominated" if lost else "within_noise"
        for on, lost in zip(on_line, beaten, strict=True)
    ]


def _beaten_beyond_noise(block: pd.DataFrame, noise: Noise, cost: Metric, on_line: Mask) -> Mask:
    """Which groups some frontier member, as cheap or cheaper, beats by a one-sided t-test with pooled noise.

    The claim holds if it is true of any one rival, and the rivals on the frontier were picked for their low
    error from all groups at most as dear: the level is divided by the number of those (Bonferroni), so each
    group is called dominated wrongly in at most 5 % of studies. Degrees of freedom are those of the noise
    alone: where a value was also read off a picture, that is on the safe side.
    """
    error, price = block["error"].to_numpy(dtype=float), block[cost.column].to_numpy(dtype=float)
    variance = mean_variance(block, noise)
    num_rivals = np.searchsorted(np.sort(price), price, side="right") - 1
    critical = -stdtrit(noise.df, (1 - CONFIDENCE) / np.maximum(num_rivals, 1))
    beaten = np.zeros(len(block), dtype=bool)
    for rival in np.flatnonzero(on_line):
        lead = (error - error[rival]) / np.sqrt(variance + variance[rival])
        beaten |= (price >= price[rival]) & (lead > critical)
    return beaten & ~on_line
