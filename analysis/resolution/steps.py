"""Steps: from each measured resolution to the next, and the models that show what a step gains and costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import GROUP, REGIME, Floats
from analysis.pairs.comparisons import Comparisons
from analysis.pairs.ladder import compare

RIVALS = ("depth", "width")
LINE = [column for column in GROUP if column != "resolution"]


@dataclass(frozen=True)
class StepLayout:
    """The groups that make the steps and the comparisons of resolution: all that the rule needs except
    errors."""

    steps: pd.DataFrame
    """One row per step of an architecture: columns LINE, from_px, to_px, low and high (positions), ratio (of
    FLOPs)."""
    rivals: tuple[Comparisons, ...]
    """Comparisons with each rival in the longest regime, within one step."""

    @property
    def epochs(self) -> float | None:
        return float(self.steps["epochs"].max()) if len(self.steps) else None


def lay_out_steps(groups: pd.DataFrame) -> StepLayout:
    """Steps between neighbouring resolutions of the setting with the most groups, and the comparisons with
    either rival that span at most one step."""
    steps = _steps(groups)
    last = steps[steps["epochs"] == steps["epochs"].max()]
    found = [_within_a_step(compare(groups, "resolution", rival), groups, last) for rival in RIVALS]
    return StepLayout(steps, tuple(each for each in found if len(each.table)))


def _steps(groups: pd.DataFrame) -> pd.DataFrame:
    frame = groups.reset_index(drop=True).reset_index(names="position")
    counts = frame.groupby(["data", "setting"]).size()
    data, setting = counts.index[int(np.argmax(counts.to_numpy()))]
    frame = frame[(frame["data"] == data) & (frame["setting"] == setting)]
    sizes = sorted(frame["resolution"].unique())
    following = pd.DataFrame({"from_px": sizes[:-1], "to_px": sizes[1:]})
    columns = [*LINE, "resolution", "position", "flops"]
    low = frame[columns].rename(columns={"resolution": "from_px", "position": "low"})
    high = frame[columns].rename(columns={"resolution": "to_px", "position": "high"})
    table: pd.DataFrame = low.merge(following, on="from_px").merge(
        high, on=[*LINE, "to_px"], suffixes=("", "_after")
    )
    table["ratio"] = table["flops_after"] / table["flops"]
    return table.sort_values([*LINE, "from_px"], kind="stable", ignore_index=True)


def _within_a_step(comparisons: Comparisons, groups: pd.DataFrame, last: pd.DataFrame) -> Comparisons:
    """The comparisons in the setting and regime of the steps in `last` that span at most one step."""
    table = comparisons.table
    if last.empty:
        return comparisons.where(table["resolution"] < 0)
    following = dict(zip(last["from_px"], last["to_px"], strict=True))
    reached = groups["resolution"].to_numpy()[table["axis_high"].to_numpy(dtype=int)]
    one_step = table["resolution"].map(following).to_numpy() == reached
    return comparisons.where((table[REGIME] == last.iloc[0][REGIME]).all(axis=1) & one_step)


def gains_of(steps: pd.DataFrame, errors: Floats) -> Floats:
    """[..., steps], gain in points per doubling."""
    doublings = np.log2(steps["to_px"].to_numpy(dtype=float) / steps["from_px"].to_numpy(dtype=float))
    low, high = steps["low"].to_numpy(dtype=int), steps["high"].to_numpy(dtype=int)
    return np.asarray((errors[..., low] - errors[..., high]) / doublings)


def change_of(
    steps: pd.DataFrame, errors: Floats, draws: Floats | None
) -> tuple[float | None, Floats | None]:
    """Gain of a step minus that of the step before, over the architectures that have both."""
    later = steps.rename(columns={"from_px": "to_px", "to_px": "next_px", "high": "top"})
    both = steps.merge(later[[*LINE, "to_px", "next_px", "top"]], on=[*LINE, "to_px"])
    if both.empty:
        return None, None
    second = both.assign(low=both["high"], high=both["top"], from_px=both["to_px"], to_px=both["next_px"])
    change = float((gains_of(second, errors) - gains_of(both, errors)).mean())
    return change, None if draws is None else (gains_of(second, draws) - gains_of(both, draws)).mean(axis=1)
