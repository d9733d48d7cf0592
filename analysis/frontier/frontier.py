"""A frontier: the results that no other beats in error and cost at once, and how sure their places on it
are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.frontier.dominance import Mask, membership, nondominated
from analysis.metric import Metric
from analysis.noise import Floats, Noise, mean_variance

STANDINGS = {
    "frontier": "no other result is as good at a lower cost",
    "within_noise": "another result has a better mean, but not beyond noise",
    "dominated": "another result is better beyond noise, at the same cost or less",
    "dominated_noise_unknown": "another result is better as measured; seed noise is unknown",
}
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Frontier:
    cost: Metric
    """The cost that the error is traded off against."""
    members: pd.DataFrame
    """The groups with a known cost, cheapest first. `standing` is a key of STANDINGS; `probability` is that
    of the true mean being on the frontier, given the means, their noise, uneven or not, and a flat prior (NaN
    if unknown)."""
    settings: pd.DataFrame = field(default_factory=pd.DataFrame)
    """What tells their settings apart, as `apart.settings_apart` returns it; empty for one setting."""

    def setting_text(self, member: pd.Series) -> str:
        """The end of a model's full name where there are several settings: `, recipe.dropout 0.1`."""
        told = self.settings.loc[member["setting"]] if len(self.settings.columns) else {}
        return "".join(f", {name} {value}" for name, value in told.items())

    @property
    def line(self) -> pd.DataFrame:
        return self.members[self.members["standing"] == "frontier"]

    @property
    def apart(self) -> dict[str, Frontier]:
        """The frontier of each data set, by the words that a sentence about it begins with."""
        several = self.members["data"].nunique() > 1
        blocks = self.members.groupby("data", sort=True)
        return {f"On {data}, " * several: replace(self, members=block) for data, block in blocks}


def frontier(groups: pd.DataFrame, noise: Noise, draws: Floats | None, cost: Metric) -> Frontier:
    """The frontier of error against `cost`, for each data set separately; all settings and epochs compete.

    `draws` are the replicates of `replicates.draw_errors` for these groups. Only noise of runs, measured from
    repeats or declared, is used. Groups without the cost are left out.
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
    """All models with their standing for each cost; without any cost, a table of the same columns and no
    rows."""
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
    """Which groups are worse than some frontier member of the same cost or less, by a one-sided t-test with
    pooled noise.

    A group is called dominated if any one rival beats it, and the rivals on the frontier were selected for
    their low error from all groups that cost as much or less: the level is divided by the number of those
    (Bonferroni), so that each group is wrongly called dominated in at most 5 % of studies, though in more
    where noise is uneven, which is not considered here. The degrees of freedom are those of the noise alone,
    which is conservative for values that were also read off a figure.
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
