"""Resolution: what each doubling gains, and what depth or width gains for the same FLOPs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from analysis.noise import Floats, Interval, Noise
from analysis.pairs.comparisons import Comparisons
from analysis.pairs.pairs import MIN_DF
from analysis.pairs.selection import MIN_PAIRS
from analysis.replicates import interval
from analysis.resolution.steps import RIVALS, StepLayout, change_of, gains_of, lay_out_steps

Prefer = Literal["slow", "fast", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Rival:
    """Raising the resolution by at most one step, against spending the same FLOPs on depth or on width."""

    axis: str
    advantage_points: float
    """Resolution minus the rival, mean over the pairs; negative where the rival gains more."""
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
    """Ratio of FLOPs after and before the step, geometric mean over the architectures."""
    rivals: tuple[Rival, ...]
    """The rivals at this resolution; empty except in the longest regime."""


@dataclass(frozen=True, kw_only=True)
class Resolution:
    epochs: float | None
    """The regime of the verdict: the longest one measured."""
    prefer: Prefer
    cap: int | None
    """Resolution in pixels above which every measured step gains less than depth or width does."""
    ci95: Interval | None
    steps: tuple[Step, ...]
    """Steps of all regimes, longest last."""
    rivals: tuple[Rival, ...]
    """Rivals over all steps of the longest regime."""
    change_by: float | None
    """Gain of a doubling minus that of the doubling before it, in points; negative where gains shrink."""
    change_ci95: Interval | None

    @property
    def gain_per_doubling(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.epochs == self.epochs)


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


@dataclass(frozen=True)
class RivalVerdict:
    """The verdict on resolution against its rivals; fields as in `Resolution`."""

    prefer: Prefer
    cap: int | None
    ci95: Interval | None
    weighed: list[_Weighed]


def resolution_rule(groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> Resolution:
    """Gains, verdict and cap of the setting with the most architectures; the verdict is on the longest
    regime."""
    return judge_steps(lay_out_steps(groups), groups["error"].to_numpy(dtype=float), noise, draws)


def judge_steps(layout: StepLayout, errors: Floats, noise: Noise, draws: Floats | None) -> Resolution:
    """The rule of a layout for errors [groups] and draws [replicates, groups].

    `slow`: there is a cap, a resolution from which on depth or width gains more for the same FLOPs. `fast`:
    there is no cap, and resolution gains more than depth and than width. Anything else is undecided, and so
    are fewer than MIN_PAIRS comparisons or MIN_DF degrees of freedom. Shrinking gains are no reason for
    either verdict, since they shrink on every axis under any law with a floor.
    """
    steps, epochs = layout.steps, layout.epochs
    if draws is not None:
        draws = draws[: min((each.num_replicates for each in layout.rivals), default=len(draws))]
    verdict = judge_rivals(layout.rivals, errors, noise, draws)
    change, change_draws = change_of(steps[steps["epochs"] == epochs], errors, draws)
    return Resolution(
        epochs=epochs,
        prefer=verdict.prefer,
        cap=verdict.cap,
        ci95=verdict.ci95,
        steps=tuple(_steps(layout, errors, draws, verdict.weighed)),
        rivals=tuple(found for each in verdict.weighed if (found := each.rival()) is not None),
        change_by=change,
        change_ci95=interval(change_draws),
    )


def judge_rivals(
    rivals: Sequence[Comparisons], errors: Floats, noise: Noise, draws: Floats | None
) -> RivalVerdict:
    """The preference and the cap alone, from the comparisons of resolution with depth and with width."""
    weighed = [_Weighed(each, each.advantage(errors), each.replicates(draws)) for each in rivals]
    overall = tuple(found for each in weighed if (found := each.rival()) is not None)
    enough = noise.df >= MIN_DF and sum(rival.num_pairs for rival in overall) >= MIN_PAIRS
    cap, ci95 = _cap(weighed) if enough else (None, None)
    return RivalVerdict(_prefer(overall, cap) if enough else "undecided", cap, ci95, weighed)


def _prefer(rivals: tuple[Rival, ...], cap: int | None) -> Prefer:
    if cap is not None:
        return "slow"
    beats_all = all(rival.ci95 is not None and rival.ci95[0] > 0 for rival in rivals)
    return "fast" if len(rivals) == len(RIVALS) and beats_all else "undecided"


def _steps(
    layout: StepLayout, errors: Floats, draws: Floats | None, weighed: list[_Weighed]
) -> Iterator[Step]:
    """Each step of each regime; those of the longest regime have their rivals."""
    table = layout.steps
    gains, gain_draws = gains_of(table, errors), None if draws is None else gains_of(table, draws)
    for rows in table.groupby(["epochs", "from_px"]).indices.values():
        mean_draws = None if gain_draws is None else gain_draws[:, rows].mean(axis=1)
        rivals = weighed if table["epochs"].iloc[rows[0]] == layout.epochs else []
        yield _step(table.iloc[rows], float(gains[rows].mean()), interval(mean_draws), rivals)


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


def _cap(weighed: list[_Weighed]) -> tuple[int | None, Interval | None]:
    """The lowest base resolution from which on raising it loses to depth or width, beyond noise at a level of
    5 % shared by all bases and rivals. Its interval is that of the caps of single replicates, widened
    to contain the cap; a replicate without a cap counts as the largest base."""
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
    cap, ci95 = int(bases[first]), interval(spots)
    return cap, ci95 and (min(ci95[0], cap), max(ci95[1], cap))
