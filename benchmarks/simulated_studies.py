"""Simulated studies for `rule_coverage`: truths, and noisy grids drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
import pandas as pd

from analysis.noise import Floats, Noise
from analysis.noise_estimate import interaction_noise, seed_noise
from analysis.pairs.ladder import compare
from analysis.pairs.pairs import Pairs, judge
from analysis.pairs.selection import select
from analysis.replicates import draw_errors
from analysis.resolution.resolution import Resolution, judge_steps
from analysis.resolution.steps import StepLayout, lay_out_steps
from analysis.returns import Return, returns
from analysis.table import AXES, COST_COLUMNS
from benchmarks.law_truths import VALUES, Truth, flops, scaled

NOISE, NUM_SEEDS = 0.2, 3
TURN = np.sqrt(VALUES[3][0] * VALUES[3][-1])
"""Epochs at which depth and width are worth the same in `with_turn`."""
GROWTH = {"depth": 1.0, "width": 0.5, "resolution": 0.5}
"""Exponent of a knob's growth with FLOPs, all else fixed."""
CELLS = pd.DataFrame(list(product(*VALUES)), columns=list(AXES), dtype=float)
Generator = np.random.Generator


@dataclass(frozen=True)
class Kind:
    """How the studies of a kind are made."""

    truth: Callable[[Generator], Truth]
    expected: Mapping[str, str] = field(default_factory=dict)
    """Expected verdict by rule."""
    growth: float = 0.0
    """Noise is proportional to this power of the network's size."""
    loud: tuple[str, float, float] | None = None
    """An axis, a value of it, and how many times larger noise is at this value than at all others."""
    num_seeds: int = NUM_SEEDS
    missing: float = 0.0
    """Share of cells that are missing."""
    diverged: float = 0.0
    """Share of runs that diverged and are therefore left out."""


@dataclass(frozen=True)
class Study:
    """One simulated study, with the tool's verdicts computed on demand."""

    truth: Truth
    groups: pd.DataFrame
    replicates: int
    """Replicates of the bootstrap."""

    @cached_property
    def noise(self) -> Noise:
        measured = seed_noise(self.groups)
        return measured if measured.known else interaction_noise(self.groups)

    @cached_property
    def draws(self) -> Floats | None:
        return draw_errors(self.groups, self.noise, self.replicates)

    @cached_property
    def complete(self) -> bool:
        return len(self.groups) == len(CELLS)

    @cached_property
    def pairs(self) -> Pairs:
        selections = PAIRS if self.complete else select(compare(self.groups, "depth", "width"))
        return judge(selections, self.groups["error"].to_numpy(), self.noise, self.draws)

    @cached_property
    def layout(self) -> StepLayout:
        return STEPS if self.complete else lay_out_steps(self.groups)

    @cached_property
    def resolution(self) -> Resolution:
        return judge_steps(self.layout, self.groups["error"].to_numpy(), self.noise, self.draws)

    @cached_property
    def returns(self) -> tuple[Return, ...]:
        return returns(self.groups, self.noise, self.draws)


def nothing_matters(generator: Generator) -> Truth:
    """The same error everywhere."""
    error = generator.uniform(15, 40)
    return lambda rows: np.full(len(rows), error)


def flops_alone(generator: Generator) -> Truth:
    """A power law of FLOPs with a floor: depth, width and resolution are worth the same at equal FLOPs."""
    floor, part, exponent, epochs = generator.uniform((4, 20, 0.15, 3), (10, 35, 0.35, 10))
    return lambda rows: floor + part * (flops(rows) / 1e9) ** -exponent + epochs * scaled(rows)[:, 3] ** -0.5


def with_bonus(knob: str, points: float, generator: Generator) -> Truth:
    """`flops_alone` with a bonus for a knob, such that its mean advantage over the pairs is `points`."""
    base, place = flops_alone(generator), AXES.index(knob)
    doubling = points / _mean_doublings(knob)
    return lambda rows: base(rows) - doubling * np.log2(scaled(rows)[:, place])


def with_turn(points: float, generator: Generator) -> Truth:
    """`flops_alone` with an advantage of depth that rises from -points to +points, linearly in log epochs."""
    base, doubling = flops_alone(generator), points / _mean_doublings("depth")

    def truth(rows: pd.DataFrame) -> Floats:
        share = np.log(rows["epochs"].to_numpy() / TURN) / np.log(VALUES[3][-1] / TURN)
        return base(rows) - doubling * share * np.log2(scaled(rows)[:, 0])

    return truth


def with_step(points: float, generator: Generator) -> Truth:
    """The same error everywhere, lower by `points` from the third depth on."""
    base = nothing_matters(generator)
    return lambda rows: base(rows) - points * (rows["depth"].to_numpy() >= VALUES[0][2])


def simulated(kind: Kind, generator: Generator, replicates: int) -> Study:
    """Draw a truth and noisy runs of it."""
    truth = kind.truth(generator)
    size = scaled(CELLS)[:, 0] * scaled(CELLS)[:, 1] ** 2
    spread = NOISE * (size / np.exp(np.log(size).mean())) ** kind.growth
    if kind.loud is not None:
        axis, value, times = kind.loud
        spread *= np.where(CELLS[axis] == value, times, 1.0)
    runs = truth(CELLS)[:, None] + spread[:, None] * generator.standard_normal((len(CELLS), kind.num_seeds))
    runs[generator.random(runs.shape) < kind.diverged] = np.nan
    runs[generator.random(len(CELLS)) < kind.missing] = np.nan
    return Study(truth, groups_of(runs), replicates)


def groups_of(runs: Floats) -> pd.DataFrame:
    """Groups of runs, as by `noise.group_seeds`; `runs` is [cells, seeds], NaN where a run is missing."""
    frame = pd.DataFrame(runs)
    groups = CELLS.assign(
        data="",
        setting="",
        **(dict.fromkeys(COST_COLUMNS, np.nan) | {"flops": flops(CELLS)}),
        error=frame.mean(axis=1),
        variance=frame.var(axis=1),
        num_seeds=frame.notna().sum(axis=1),
        num_stopped=0,
        reading_variance=0.0,
    )
    return groups[groups["num_seeds"] > 0].reset_index(drop=True)


def true_advantage(truth: Truth, table: pd.DataFrame, axis: str, rival: str) -> Floats:
    """True advantage at each row of `Comparisons.table`, for networks of exactly the pair's cost."""
    base = table[list(AXES)].astype(float)
    ratio = table["flops"].to_numpy() / flops(base)
    own, other = (base.assign(**{knob: base[knob] * ratio ** GROWTH[knob]}) for knob in (axis, rival))
    return truth(other) - truth(own)


def _mean_doublings(knob: str) -> float:
    """Mean number of doublings of a knob from base to pair, over the pairs."""
    tables = [PAIRS.comparisons.table] if knob != "resolution" else [each.table for each in STEPS.rivals]
    ratios = [np.log2(table["flops"] / flops(table)).mean() for table in tables]
    return float(np.mean(ratios)) * GROWTH[knob]


_COMPLETE = groups_of(np.zeros((len(CELLS), 1)))
PAIRS = select(compare(_COMPLETE, "depth", "width"))
STEPS = lay_out_steps(_COMPLETE)
