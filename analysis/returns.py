"""A return: what one more step of depth, width or resolution gains at one place, whatever it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import pandas as pd

from analysis.model import points_text
from analysis.noise import Floats, Interval, Noise
from analysis.pairs.pairs import MIN_DF, Regime
from analysis.replicates import beyond_noise, bounds
from analysis.table import AXES
from scaling.quantity import counted, listed

STEPPED = ("depth", "width", "resolution")
MAX_RETURNS = 20_000
"""Number of steps above which the models are not considered a grid, and returns are not computed."""
MAX_HURTS = 3
"""Maximum number of hurting steps that are listed, worst first."""


@dataclass(frozen=True, kw_only=True)
class Return:
    axis: str
    from_value: float
    to_value: float
    """The next value measured at this place."""
    at: dict[str, float]
    """The other knobs, including epochs."""
    points: float
    """Gain in top-1 points."""
    ci95: Interval | None
    """95 % interval of this step alone."""
    verdict: Literal["pays", "hurts", "undecided"]
    """Decided where the gain differs from 0 beyond noise, at a level of 5 % shared by all steps of the
    study."""


def returns(groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> tuple[Return, ...]:
    """All steps between neighbours on an axis, in the setting with the most models at each number of epochs.

    Ordered by epochs, axis and place. Empty where there are more than MAX_RETURNS.
    """
    steps = _steps(groups)
    if len(steps) > MAX_RETURNS or steps.empty:
        return ()
    low, high = steps["low"].to_numpy(dtype=int), steps["high"].to_numpy(dtype=int)
    errors = groups["error"].to_numpy(dtype=float)
    gains = errors[low] - errors[high]
    ci95: list[Interval | None] = [None] * len(steps)
    decided = np.zeros(len(steps), dtype=bool)
    if draws is not None:
        drawn = draws[:, low] - draws[:, high]
        low_high = bounds(drawn)
        ci95 = [*zip(*(bound.tolist() for bound in low_high), strict=True)]
        decided = beyond_noise(gains, drawn, low_high) & (noise.df >= MIN_DF)
    knobs = groups[list(AXES)].to_numpy(dtype=float)
    return tuple(
        _return(axis, knobs[low[i]], knobs[high[i]], gains[i], ci95[i], bool(decided[i]))
        for i, axis in enumerate(steps["axis"])
    )


def _return(
    axis: str, low: Floats, high: Floats, gain: float, ci95: Interval | None, decided: bool
) -> Return:
    at = dict(zip(AXES, low.tolist(), strict=True))
    from_value = at.pop(axis)
    verdict: Literal["pays", "hurts", "undecided"] = "undecided"
    if decided:
        verdict = "pays" if gain > 0 else "hurts"
    return Return(
        axis=axis,
        from_value=from_value,
        to_value=float(high[AXES.index(axis)]),
        at=at,
        points=float(gain),
        ci95=ci95,
        verdict=verdict,
    )


def _steps(groups: pd.DataFrame) -> pd.DataFrame:
    """One row per step: its epochs, its axis and the positions of its two groups; fewest epochs first."""
    frame = groups.reset_index(drop=True).reset_index(names="position")
    regime = frame.groupby(["epochs", "data", "setting"]).size().reset_index(name="size")
    regime = regime.sort_values(["epochs", "size"], ascending=[True, False], kind="stable")
    frame = regime.drop_duplicates("epochs").merge(frame, on=["epochs", "data", "setting"])
    found = []
    for axis in STEPPED:
        line = [column for column in AXES if column != axis]
        ordered = frame.sort_values([*line, axis], kind="stable")
        values, position = ordered[line].to_numpy(dtype=float), ordered["position"].to_numpy()
        same = (values[1:] == values[:-1]).all(axis=1)
        low, high, epochs = position[:-1][same], position[1:][same], ordered["epochs"].to_numpy()[1:][same]
        found.append(pd.DataFrame({"epochs": epochs, "axis": axis, "low": low, "high": high}))
    return pd.concat(found).sort_values("epochs", kind="stable", ignore_index=True)


def return_sentences(found: Sequence[Return], regimes: Sequence[Regime]) -> Iterator[str]:
    """How many steps pay, which ones hurt, and the last steps of depth and of width."""
    known = [each for each in found if each.ci95 is not None]
    if not known:
        return
    verdicts = [each.verdict for each in known]
    pays, hurts = (verdicts.count(verdict) for verdict in ("pays", "hurts"))
    yield (
        f"Of {counted(len(known), 'single step')} of depth, width or resolution "
        f"{pays} {'pays' if pays == 1 else 'pay'} and {hurts} {'hurts' if hurts == 1 else 'hurt'} beyond "
        "noise, at 5 % shared among all steps."
    )
    worst = sorted((each for each in known if each.verdict == "hurts"), key=lambda each: each.points)
    for each in worst[:MAX_HURTS]:
        yield f"{_place_text(each)}, {each.axis} {_step_name(each)} hurts: {_gain_text(each)}."
    for axis in ("depth", "width"):
        for steps in _last_steps(known, regimes, axis):
            gains = ", ".join(
                f"{_gain_text(each)} at {each.at['resolution']:g} px ({each.verdict})" for each in steps
            )
            yield f"{_place_text(steps[0])}, {axis} {_step_name(steps[0])} gives {gains}."


def _last_steps(known: Sequence[Return], regimes: Sequence[Regime], axis: str) -> list[list[Return]]:
    """The last two steps of the axis in the longest regime, by resolution, at one value of its rival: of the
    values not below the bases of the verdict, the one with the most measurements, and of these the
    largest."""
    if not regimes:
        return []
    rival = "width" if axis == "depth" else "depth"
    least = min(base[0 if rival == "depth" else 1] for base in regimes[-1].bases)
    mine = [each for each in known if each.axis == axis and each.at["epochs"] == regimes[-1].epochs]
    mine = [each for each in mine if each.at[rival] >= least]
    levels = sorted({level for each in mine for level in (each.from_value, each.to_value)})
    ends = list(pairwise(levels))[-2:]
    last = [each for each in mine if (each.from_value, each.to_value) in ends]
    counts = Counter(each.at[rival] for each in last)
    place = max(counts, key=lambda value: (counts[value], value), default=None)
    steps = ([each for each in last if (each.from_value, each.to_value) == end] for end in ends)
    return [found for step in steps if (found := [each for each in step if each.at[rival] == place])]


def _place_text(found: Return) -> str:
    knobs = [f"{knob} {found.at[knob]:g}" for knob in ("depth", "width") if knob in found.at]
    if found.axis != "resolution" and found.verdict == "hurts":
        knobs.append(f"{found.at['resolution']:g} px")
    return f"At {listed([counted(found.at['epochs'], 'epoch'), *knobs])}"


def _step_name(found: Return) -> str:
    return f"{found.from_value:g} to {found.to_value:g}"


def _gain_text(found: Return) -> str:
    return points_text(found.points, found.ci95)
