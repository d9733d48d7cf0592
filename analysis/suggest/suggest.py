"""A suggestion: the runs to make next within a budget, and what the whole grid is likely to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.diverged import diverged
from analysis.noise import GROUP, Floats, Noise, Rows, group_seeds, num_runs
from analysis.noise_estimate import declared_noise, seed_noise
from analysis.pairs.pairs import MIN_DF
from analysis.suggest import repeats
from analysis.suggest.aims import Aims
from analysis.suggest.foresight import Foresight, judged
from analysis.suggest.layout import Layout
from analysis.suggest.measured import Measured, places_of
from analysis.suggest.whole import Whole
from analysis.suggest.worth import NEGLIGIBLE, Knowledge, Runs, choose
from analysis.table import Table
from scaling.errors import Refused

MAX_CELLS = 1500
"""Size of a grid above which the surrogate would take minutes."""
BATCH = 8
ASSUMED = Noise(kind="seeds", scale=0.05, power=1.0, df=MIN_DF)
"""Noise of a run assumed until repeats measure it: 0.2 points at 20 % error, give or take a factor of two."""
COLUMNS = [*GROUP, "seed", "flops", "train_flops", "status"]
"""Columns of the candidates. Optional ones are `could_fail`, a probability, and `price`, what a run takes of
the budget if that is not its train FLOPs."""

DEFAULT = Aims()

NOTHING = ("undecided", "undetermined")
"""Verdicts that decide nothing."""

Status = Literal["settled", "teaches", "too_dear", "awaited", "undecidable"]


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    foresights: tuple[Foresight, ...]
    points: pd.DataFrame
    """Rows of the candidates, the one that teaches most for its price first, with `rule` (the rule it teaches
    most about) and `shrinks` (the share by which it is expected to shrink the interval of that rule)."""
    spent: float
    """Train FLOPs of what is measured or under way."""
    price: float
    """Train FLOPs of the points."""
    whole: float
    """Train FLOPs of the whole grid, measured or not."""
    chances: dict[str, float]
    """Approximate probability that each rule which is not settled yet will be once the whole budget is
    spent."""
    is_assumed: bool
    """Whether the noise of a run is only assumed: neither measured by repeats nor declared by the source."""
    status: Status
    """`settled`: every rule is, with measured noise wherever it can be measured. `teaches`: the points teach
    more. `too_dear`: no candidate that would teach anything is within the budget. `awaited`: repeats that may
    measure the noise are under way. `undecidable`: no candidate would teach anything at any price."""
    cheapest: float | None
    """Price of the cheapest run that would teach anything, in the unit of the budget; None where there is
    none."""

    def name_of(self, rule: str) -> str:
        """The name of a rule; anything else, such as the noise of a run, is returned as it is."""
        return next((each.name for each in self.foresights if each.rule == rule), rule)

    @property
    def is_flat(self) -> bool:
        """Whether no run that is left would teach anything and the whole grid would decide no rule."""
        ended = self.status in ("settled", "undecidable")
        return ended and all(each.verdict in NOTHING for each in self.foresights)


def suggest(
    table: Table,
    candidates: pd.DataFrame,
    *,
    budget: float = np.inf,
    batch: int = BATCH,
    aims: Aims = DEFAULT,
) -> Suggestion:
    """Of the candidates, the runs that narrow the open rules most for their train FLOPs, chosen one after
    another.

    candidates: one row per run that could be made or is `running`, with COLUMNS. Raises `Refused` where there
    is none, or where no two of depth, width and resolution vary, so that there is no rule to decide.
    """
    groups = _measured(table)
    grid = _grid(groups, candidates)
    layout = _layout(grid, table.source)
    noise = noise_of_few(groups, declared_noise(table))
    measured = Measured.of(grid, groups, noise)
    surrogate = layout.space.surrogate(measured)
    whole = Whole.drawn(layout, measured, surrogate)
    foresights = judged(aims.of(whole, measured), aims.smallest)
    knowledge = Knowledge(surrogate, measured, foresights)
    is_running = (candidates["status"] == "running").to_numpy()
    coming = places_of(grid, candidates[is_running])
    to_run, runs = _runs(candidates[~is_running], grid)
    _learn(knowledge, coming)
    useful = runs.price[knowledge.worth()[runs.cells] * (1 - runs.could_fail) > NEGLIGIBLE]
    chances = knowledge.chances(runs, budget)
    chosen = choose(knowledge, runs, budget, batch)
    is_reopened = noise is ASSUMED and repeats.may_tell(groups, measured.cells, runs, coming)
    if is_reopened:
        foresights = tuple(replace(each, settled=False) for each in foresights)
        lacking = repeats.lacking(groups, measured.cells, coming)
        if lacking and not len(useful):
            useful = runs.price[np.isin(runs.cells, measured.cells)]
            chosen = repeats.cheapest(min(lacking, batch), measured.cells, runs, budget)
    points = to_run.iloc[chosen.runs].assign(rule=list(chosen.rules), shrinks=chosen.shrinks)
    spent = float(table.usable["train_flops"].sum() + candidates.loc[is_running, "train_flops"].sum())
    return Suggestion(
        foresights=foresights,
        points=points.reset_index(drop=True),
        spent=spent,
        price=float(points["train_flops"].sum()),
        whole=spent + float(to_run["train_flops"].sum()),
        chances=chances,
        is_assumed=noise is ASSUMED,
        status="awaited" if is_reopened and not len(useful) else _status(foresights, useful, points),
        cheapest=float(useful.min()) if len(useful) else None,
    )


def _layout(grid: pd.DataFrame, source: str) -> Layout:
    """The layout of the grid. Raises `Refused` where it has no rule to decide."""
    layout = Layout.of(grid)
    if layout.regimes or layout.overall:
        return layout
    raise Refused(
        f"{source} has no two models, measured or planned, by which depth, width or resolution could be "
        "compared at equal cost: widen the grid."
    )


def _runs(to_run: pd.DataFrame, grid: pd.DataFrame) -> tuple[pd.DataFrame, Runs]:
    """The candidates that could be made, with their price and probability of failing, and the same as
    `Runs`."""
    to_run = to_run.reset_index(drop=True)
    to_run = pd.DataFrame({"could_fail": 0.0, "price": to_run["train_flops"]} | dict(to_run))
    runs = Runs(
        cells=places_of(grid, to_run),
        price=to_run["price"].to_numpy(dtype=float),
        could_fail=to_run["could_fail"].to_numpy(dtype=float),
    )
    return to_run, runs


def _learn(knowledge: Knowledge, coming: Rows) -> None:
    """Count what is under way as known, as long as a rule is open."""
    for cell in coming:
        if knowledge.is_settled:
            return
        knowledge.learn(int(cell))


def _measured(table: Table) -> pd.DataFrame:
    """The models that have results or extrapolated ones (stopped early), without those that diverged."""
    if table.usable.empty:
        return pd.DataFrame(columns=[*GROUP, "error", "variance", "num_seeds", "reading_variance", "flops"])
    groups = group_seeds(table.informative)
    return groups[~diverged(groups)].reset_index(drop=True)


def _grid(groups: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """All cells, measured or not, with their FLOPs and their number of runs once all are made."""
    if candidates.empty:
        raise Refused("There is nothing left to run: every point of the grid has a result.")
    runs = candidates.groupby(list(GROUP), as_index=False).agg(
        num_seeds=("seed", "size"), flops=("flops", "mean")
    )
    made = groups.assign(num_seeds=num_runs(groups))
    both = pd.concat([made[[*GROUP, "num_seeds", "flops"]], runs], ignore_index=True)
    cells = both.groupby(list(GROUP), as_index=False).agg(
        num_seeds=("num_seeds", "sum"), flops=("flops", "first")
    )
    if len(cells) > MAX_CELLS:
        raise Refused(
            f"The grid has {len(cells):,} models, more than the {MAX_CELLS:,} that can be weighed: "
            "select a part of it by where=…."
        )
    return cells


def _status(foresights: Sequence[Foresight], useful: Floats, points: pd.DataFrame) -> Status:
    if all(each.settled for each in foresights):
        return "settled"
    if len(points):
        return "teaches"
    return "too_dear" if len(useful) else "undecidable"


def noise_of_few(groups: pd.DataFrame, declared: Noise | None) -> Noise:
    """The noise from repeats, else declared by the source, else assumed until there are enough repeats."""
    measured = seed_noise(groups)
    return measured if measured.known and measured.df >= MIN_DF else declared or ASSUMED
