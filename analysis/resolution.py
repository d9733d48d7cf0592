"""Resolution: what a doubling gains at each step, and what depth or width buys for the same FLOPs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.ladder import Comparisons, compare
from analysis.noise import GROUP, Floats, Interval, Noise, interval
from analysis.pairs import MIN_DF, MIN_PAIRS

RIVALS = ("depth", "width")


@dataclass(frozen=True, kw_only=True)
class Step:
    """Raising the resolution from one measured value to the next, at the same architecture and epochs."""

    epochs: float
    from_px: int
    to_px: int
    points: float
    """Mean gain in top-1 points per doubling of the resolution."""
    ci95: Interval | None
    num_architectures: int


@dataclass(frozen=True, kw_only=True)
class Rival:
    """One step of the resolution against spending the same FLOPs on depth, or on width."""

    axis: str
    advantage_points: float
    """Resolution minus the rival; negative where the rival buys more."""
    ci95: Interval | None
    num_pairs: int


@dataclass(frozen=True, kw_only=True)
class Resolution:
    epochs: float | None
    """The regime the verdict is about: the longest one measured."""
    prefer: Literal["slow", "fast", "undecided"]
    cap: int | None
    """Pixels above which every measured step is shown to buy less than depth or width would."""
    ci95: Interval | None
    steps: tuple[Step, ...]
    """All regimes, longest last."""
    rivals: tuple[Rival, ...]
    change_by: float | None
    """How much more the next doubling gains than the one before it, in points; negative where it shrinks."""
    change_ci95: Interval | None

    @property
    def gain_per_doubling(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.epochs == self.epochs)


def resolution_rule(groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> Resolution:
    """Gains, verdict and cap, from the setting with most architectures; the verdict is about the longest
    regime.

    `slow`: the gain per doubling shrinks from step to step, and there is a cap, a resolution from which on
    depth or width buys more for the same FLOPs. `fast`: there is no cap, resolution buys more than depth and
    than width, and the gain is not shown to shrink. Anything else, or fewer than MIN_PAIRS comparisons or
    MIN_DF degrees of freedom, is undecided.
    """
    errors = groups["error"].to_numpy(dtype=float)
    table = _steps(groups)
    steps = tuple(_step(rows, errors, draws) for _, rows in table.groupby(["epochs", "from_px"]))
    epochs = float(table["epochs"].max()) if len(table) else None
    last = table[table["epochs"] == epochs]
    change, change_draws = _change(last, errors, draws)
    chosen = [_within_a_step(compare(groups, "resolution", rival), groups, last) for rival in RIVALS]
    rivals = tuple(_rival(each, errors, draws) for each in chosen if len(each.table))
    change_ci95 = interval(change_draws)
    enough = noise.df >= MIN_DF and sum(rival.num_pairs for rival in rivals) >= MIN_PAIRS
    cap, cap_ci95 = _cap(chosen, errors, draws) if enough else (None, None)
    return Resolution(
        epochs=epochs,
        prefer=_prefer(rivals, cap, change_ci95) if enough else "undecided",
        cap=cap,
        ci95=cap_ci95,
        steps=steps,
        rivals=rivals,
        change_by=change,
        change_ci95=change_ci95,
    )


def _prefer(
    rivals: tuple[Rival, ...], cap: int | None, change: Interval | None
) -> Literal["slow", "fast", "undecided"]:
    shrinking = change is not None and change[1] < 0
    beats_all = len(rivals) == len(RIVALS) and all(r.ci95 is not None and r.ci95[0] > 0 for r in rivals)
    if shrinking and cap is not None:
        return "slow"
    return "fast" if beats_all and cap is None and not shrinking else "undecided"


def _steps(groups: pd.DataFrame) -> pd.DataFrame:
    """One row an (architecture, epochs, step between neighbouring resolutions), with positions in the
    groups."""
    frame = groups.reset_index(drop=True).reset_index(names="position")
    counts = frame.groupby(["data", "setting"]).size()
    data, setting = counts.index[int(np.argmax(counts.to_numpy()))]
    frame = frame[(frame["data"] == data) & (frame["setting"] == setting)]
    sizes = sorted(frame["resolution"].unique())
    following = pd.DataFrame({"from_px": sizes[:-1], "to_px": sizes[1:]})
    key = [column for column in GROUP if column != "resolution"]
    columns = [*key, "resolution", "position"]
    low = frame[columns].rename(columns={"resolution": "from_px", "position": "low"})
    high = frame[columns].rename(columns={"resolution": "to_px", "position": "high"})
    table: pd.DataFrame = low.merge(following, on="from_px").merge(high, on=[*key, "to_px"])
    return table.sort_values([*key, "from_px"], kind="stable", ignore_index=True)


def _gains(steps: pd.DataFrame, errors: Floats) -> Floats:
    """Points per doubling, [..., steps]."""
    doublings = np.log2(steps["to_px"].to_numpy(dtype=float) / steps["from_px"].to_numpy(dtype=float))
    low, high = steps["low"].to_numpy(dtype=int), steps["high"].to_numpy(dtype=int)
    return np.asarray((errors[..., low] - errors[..., high]) / doublings)


def _step(rows: pd.DataFrame, errors: Floats, draws: Floats | None) -> Step:
    first = rows.iloc[0]
    return Step(
        epochs=float(first["epochs"]),
        from_px=int(first["from_px"]),
        to_px=int(first["to_px"]),
        points=float(_gains(rows, errors).mean()),
        ci95=interval(None if draws is None else _gains(rows, draws).mean(axis=1)),
        num_architectures=len(rows),
    )


def _change(steps: pd.DataFrame, errors: Floats, draws: Floats | None) -> tuple[float | None, Floats | None]:
    """Gain of a step minus gain of the one before, over the architectures that have both."""
    key = [column for column in GROUP if column != "resolution"]
    later = steps.rename(columns={"from_px": "to_px", "to_px": "next_px", "high": "top"})
    both = steps.merge(later[[*key, "to_px", "next_px", "top"]], on=[*key, "to_px"])
    if both.empty:
        return None, None
    second = both.assign(low=both["high"], high=both["top"], from_px=both["to_px"], to_px=both["next_px"])
    change = float((_gains(second, errors) - _gains(both, errors)).mean())
    return change, None if draws is None else (_gains(second, draws) - _gains(both, draws)).mean(axis=1)


def _within_a_step(comparisons: Comparisons, groups: pd.DataFrame, last: pd.DataFrame) -> Comparisons:
    """The comparisons in the setting and regime of the steps in `last`, none longer than one step."""
    table = comparisons.table
    if last.empty:
        return comparisons.where(table["flops"] < 0)
    key = ["data", "setting", "epochs"]
    following = dict(zip(last["from_px"], last["to_px"], strict=True))
    reached = groups["resolution"].to_numpy()[table["axis_high"].to_numpy(dtype=int)]
    one_step = table["resolution"].map(following).to_numpy() == reached
    return comparisons.where((table[key] == last.iloc[0][key]).all(axis=1) & one_step)


def _rival(comparisons: Comparisons, errors: Floats, draws: Floats | None) -> Rival:
    return Rival(
        axis=comparisons.rival,
        advantage_points=float(comparisons.advantage(errors).mean()),
        ci95=interval(None if draws is None else comparisons.advantage(draws).mean(axis=1)),
        num_pairs=len(comparisons.table),
    )


def _cap(
    chosen: list[Comparisons], errors: Floats, draws: Floats | None
) -> tuple[int | None, Interval | None]:
    """The lowest base resolution from which on raising it loses to depth or to width, beyond noise at 5 %
    shared among all bases and rivals; its interval is where single replicates put it, with no cap at the
    largest base."""
    bases = sorted({int(base) for each in chosen for base in each.table["resolution"]})
    if draws is None or not bases:
        return None, None
    level = 1 - 0.05 / (len(bases) * len(chosen))
    loses, loses_draws = [], []
    for base in bases:
        mine = [each.where(each.table["resolution"] == base) for each in chosen]
        mine = [each for each in mine if len(each.table)]
        means = np.stack([each.advantage(draws).mean(axis=1) for each in mine])
        loses.append(any((found := interval(mean, level)) is not None and found[1] < 0 for mean in means))
        worst = int(np.argmin([each.advantage(errors).mean() for each in mine]))
        loses_draws.append(means[worst] < 0)
    if not loses[-1]:
        return None, None
    first = len(loses) - int(np.argmin([*loses[::-1], False]))
    lost = np.logical_and.accumulate(np.stack(loses_draws)[::-1], axis=0).sum(axis=0)
    spots = np.array([*bases, bases[-1]])[len(bases) - lost]
    return bases[first], interval(spots.astype(float))
