"""Resolution: what a doubling gains at each step, and what depth or width buys for the same FLOPs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.ladder import Comparisons, compare
from analysis.noise import GROUP, Floats, Interval, Noise, interval
from analysis.pairs import MIN_DF
from analysis.selection import MIN_PAIRS

RIVALS = ("depth", "width")
LINE = [column for column in GROUP if column != "resolution"]


@dataclass(frozen=True, kw_only=True)
class Rival:
    """Raising the resolution by at most one step, against spending the same FLOPs on depth, or on width."""

    axis: str
    advantage_points: float
    """Resolution minus the rival, the mean over the pairs; negative where the rival buys more."""
    ci95: Interval | None
    num_pairs: int


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
    flops_ratio: float | None
    """How many times the FLOPs the step costs, the geometric mean over the architectures."""
    rivals: tuple[Rival, ...]
    """From this resolution; of the longest regime only."""


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
    """Over all steps of the longest regime."""
    change_by: float | None
    """How much more the next doubling gains than the one before it, in points; negative where it shrinks."""
    change_ci95: Interval | None

    @property
    def gain_per_doubling(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.epochs == self.epochs)


@dataclass(frozen=True)
class StepLayout:
    """Which groups make the steps and the comparisons of resolution: what the rule needs besides errors."""

    steps: pd.DataFrame
    """One row a step of an architecture: the columns LINE, from_px, to_px, low, high (positions), ratio (of
    FLOPs)."""
    rivals: tuple[Comparisons, ...]
    """In the longest regime, within a step."""

    @property
    def epochs(self) -> float | None:
        return float(self.steps["epochs"].max()) if len(self.steps) else None


@dataclass(frozen=True)
class _Weighed:
    """The comparisons with one rival, their advantages [pairs] and the replicates of these."""

    comparisons: Comparisons
    values: Floats
    replicates: Floats | None

    @property
    def bases(self) -> Floats:
        return self.comparisons.table["resolution"].to_numpy(dtype=float)

    def rival(self, base: float | None = None) -> Rival | None:
        mine = np.full(len(self.values), True) if base is None else self.bases == base
        if not mine.any():
            return None
        draws = self.mean_draws(mine)
        return Rival(
            axis=self.comparisons.rival,
            advantage_points=float(self.values[mine].mean()),
            ci95=interval(draws),
            num_pairs=int(mine.sum()),
        )

    def mean_draws(self, mine: np.ndarray) -> Floats | None:
        return None if self.replicates is None else self.replicates[:, mine].mean(axis=1)


def resolution_rule(groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> Resolution:
    """Gains, verdict and cap, from the setting with most architectures; the verdict is about the longest
    regime."""
    return judge_steps(lay_out_steps(groups), groups["error"].to_numpy(dtype=float), noise, draws)


def judge_steps(layout: StepLayout, errors: Floats, noise: Noise, draws: Floats | None) -> Resolution:
    """The rule of a layout given errors [groups] and draws [replicates, groups].

    `slow`: there is a cap, a resolution from which on depth or width buys more for the same FLOPs. `fast`:
    there is none, and resolution buys more than depth and than width. Anything else, or fewer than MIN_PAIRS
    comparisons or MIN_DF degrees of freedom, is undecided. That gains shrink is no reason for either: under
    any law with a floor they do, on every axis.
    """
    table, epochs = layout.steps, layout.epochs
    if draws is not None:
        draws = draws[: min((each.num_replicates for each in layout.rivals), default=len(draws))]
    weighed = [_Weighed(each, each.advantage(errors), each.replicates(draws)) for each in layout.rivals]
    gains, gain_draws = _gains(table, errors), None if draws is None else _gains(table, draws)
    steps = []
    for rows in table.groupby(["epochs", "from_px"]).indices.values():
        mean_draws = None if gain_draws is None else gain_draws[:, rows].mean(axis=1)
        rivals = weighed if table["epochs"].iloc[rows[0]] == epochs else []
        steps.append(_step(table.iloc[rows], float(gains[rows].mean()), interval(mean_draws), rivals))
    change, change_draws = _change(table[table["epochs"] == epochs], errors, draws)
    overall = tuple(found for each in weighed if (found := each.rival()) is not None)
    enough = noise.df >= MIN_DF and sum(rival.num_pairs for rival in overall) >= MIN_PAIRS
    cap, cap_ci95 = _cap(weighed) if enough else (None, None)
    return Resolution(
        epochs=epochs,
        prefer=_prefer(overall, cap) if enough else "undecided",
        cap=cap,
        ci95=cap_ci95,
        steps=tuple(steps),
        rivals=overall,
        change_by=change,
        change_ci95=interval(change_draws),
    )


def _prefer(rivals: tuple[Rival, ...], cap: int | None) -> Literal["slow", "fast", "undecided"]:
    if cap is not None:
        return "slow"
    beats_all = all(rival.ci95 is not None and rival.ci95[0] > 0 for rival in rivals)
    return "fast" if len(rivals) == len(RIVALS) and beats_all else "undecided"


def lay_out_steps(groups: pd.DataFrame) -> StepLayout:
    """Steps between neighbouring resolutions of the setting with most groups, and the comparisons with either
    rival that are no longer than one step."""
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
    """The comparisons in the setting and regime of the steps in `last`, none longer than one step."""
    table = comparisons.table
    if last.empty:
        return comparisons.where(table["resolution"] < 0)
    key = ["data", "setting", "epochs"]
    following = dict(zip(last["from_px"], last["to_px"], strict=True))
    reached = groups["resolution"].to_numpy()[table["axis_high"].to_numpy(dtype=int)]
    one_step = table["resolution"].map(following).to_numpy() == reached
    return comparisons.where((table[key] == last.iloc[0][key]).all(axis=1) & one_step)


def _gains(steps: pd.DataFrame, errors: Floats) -> Floats:
    """Points per doubling, [..., steps]."""
    doublings = np.log2(steps["to_px"].to_numpy(dtype=float) / steps["from_px"].to_numpy(dtype=float))
    low, high = steps["low"].to_numpy(dtype=int), steps["high"].to_numpy(dtype=int)
    return np.asarray((errors[..., low] - errors[..., high]) / doublings)


def _step(rows: pd.DataFrame, points: float, ci95: Interval | None, weighed: list[_Weighed]) -> Step:
    first, ratio = rows.iloc[0], rows["ratio"].dropna()
    rivals = (each.rival(float(first["from_px"])) for each in weighed)
    return Step(
        epochs=float(first["epochs"]),
        from_px=int(first["from_px"]),
        to_px=int(first["to_px"]),
        points=points,
        ci95=ci95,
        num_architectures=len(rows),
        flops_ratio=float(np.exp(np.log(ratio).mean())) if len(ratio) else None,
        rivals=tuple(rival for rival in rivals if rival is not None),
    )


def _change(steps: pd.DataFrame, errors: Floats, draws: Floats | None) -> tuple[float | None, Floats | None]:
    """Gain of a step minus gain of the one before, over the architectures that have both."""
    later = steps.rename(columns={"from_px": "to_px", "to_px": "next_px", "high": "top"})
    both = steps.merge(later[[*LINE, "to_px", "next_px", "top"]], on=[*LINE, "to_px"])
    if both.empty:
        return None, None
    second = both.assign(low=both["high"], high=both["top"], from_px=both["to_px"], to_px=both["next_px"])
    change = float((_gains(second, errors) - _gains(both, errors)).mean())
    return change, None if draws is None else (_gains(second, draws) - _gains(both, draws)).mean(axis=1)


def _cap(weighed: list[_Weighed]) -> tuple[int | None, Interval | None]:
    """The lowest base resolution from which on raising it loses to depth or to width, beyond noise at 5 %
    shared among all bases and rivals; its interval is where single replicates put it, with no cap at the
    largest base."""
    bases = sorted({base for each in weighed for base in each.bases})
    if not bases or weighed[0].replicates is None:
        return None, None
    level = 1 - 0.05 / (len(bases) * len(weighed))
    loses, loses_draws = [], []
    for base in bases:
        mine = [each for each in weighed if (each.bases == base).any()]
        means = [each.mean_draws(each.bases == base) for each in mine]
        bounds = [interval(mean, level) for mean in means]
        loses.append(any(bound is not None and bound[1] < 0 for bound in bounds))
        worst = int(np.argmin([each.values[each.bases == base].mean() for each in mine]))
        loses_draws.append(np.asarray(means[worst]) < 0)
    if not loses[-1]:
        return None, None
    first = len(loses) - int(np.argmin([*loses[::-1], False]))
    lost = np.logical_and.accumulate(np.stack(loses_draws)[::-1], axis=0).sum(axis=0)
    spots = np.array([*bases, bases[-1]])[len(bases) - lost]
    return int(bases[first]), interval(spots)
