"""A suggestion: the runs to make next within a budget, and what the whole grid is foreseen to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.diverged import diverged
from analysis.noise import GROUP, Floats, Noise, Rows, group_seeds
from analysis.noise_estimate import declared_noise, seed_noise
from analysis.pairs import MIN_DF
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
"""Most cells of a grid: of a larger one the surrogate would take minutes."""
BATCH = 8
ASSUMED = Noise(kind="seeds", scale=0.05, power=1.0, df=MIN_DF)
"""Noise of a run while no repeats tell: 0.2 points at 20 % error, give or take a factor of two."""
COLUMNS = [*GROUP, "seed", "flops", "train_flops", "status"]
"""Of the frame of candidates; `could_fail`, 0 to 1, may be there besides, and `price`, what a run takes of
the budget, if that is not its train FLOPs."""

DEFAULT = Aims()

NOTHING = ("undecided", "undetermined")
"""Verdicts that decide nothing."""

Status = Literal["settled", "teaches", "too_dear", "awaited", "undecidable"]


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    foresights: tuple[Foresight, ...]
    points: pd.DataFrame
    """Rows of the candidates, what teaches most for its price first, with `rule` (of which it tells most) and
    `shrinks` (by which share it is expected to shrink that rule's interval)."""
    spent: float
    """Train FLOPs of what is measured or under way."""
    price: float
    """Train FLOPs of the points."""
    whole: float
    """Train FLOPs of everything, measured or not."""
    chances: dict[str, float]
    """Of each rule that its runs have not settled, about how likely it is to be once the whole budget is
    spent."""
    is_assumed: bool
    """Whether the noise of a run is only assumed, as neither repeats nor the source tell it."""
    status: Status
    """`settled`: every rule is, by noise that was measured where it can be. `teaches`: the points do.
    `too_dear`: no candidate that would teach anything is within the budget. `awaited`: repeats are under way
    that may tell the noise. `undecidable`: none would teach anything at any price."""
    cheapest: float | None
    """What the cheapest run that would teach anything takes of the budget; None where there is none."""

    def name_of(self, rule: str) -> str:
        """What is told of it, where it is one of the rules; itself where it is not, as the noise of a run."""
        return next((each.name for each in self.foresights if each.rule == rule), rule)

    @property
    def is_flat(self) -> bool:
        """Whether nothing left to run would tell anything, and the whole grid would decide no rule."""
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
    """The runs, of the candidates, that narrow the open rules most for their train FLOPs, one after another.

    candidates: one row a run that could be made or is `running`, with COLUMNS. Raises `Refused` where there
    is none, or no two of depth, width and resolution vary, so that no rule could be told.
    """
    groups = _measured(table)
    grid = _grid(groups, candidates)
    layout = Layout.of(grid)
    if not (layout.regimes or layout.overall):
        raise Refused(
            f"{table.source} has no two models, measured or planned, by which depth, width or resolution "
            "could be compared at equal cost: widen the grid."
        )
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


def _runs(to_run: pd.DataFrame, grid: pd.DataFrame) -> tuple[pd.DataFrame, Runs]:
    """The candidates that could be made, with their price and their chance to fail, and as `Runs`."""
    to_run = to_run.reset_index(drop=True)
    to_run = pd.DataFrame({"could_fail": 0.0, "price": to_run["train_flops"]} | dict(to_run))
    runs = Runs(
        cells=places_of(grid, to_run),
        price=to_run["price"].to_numpy(dtype=float),
        could_fail=to_run["could_fail"].to_numpy(dtype=float),
    )
    return to_run, runs


def _learn(knowledge: Knowledge, coming: Rows) -> None:
    """Count what is under way as known, as far as a rule is open."""
    for cell in coming:
        if knowledge.is_settled:
            return
        knowledge.learn(int(cell))


def _measured(table: Table) -> pd.DataFrame:
    """The models that have results, or were stopped early with their ends told, without those that
    diverged."""
    if table.usable.empty:
        return pd.DataFrame(columns=[*GROUP, "error", "variance", "num_seeds", "reading_variance", "flops"])
    groups = group_seeds(table.informative)
    return groups[~diverged(groups)].reset_index(drop=True)


def _grid(groups: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """All cells, measured or not, with their FLOPs and the runs that they will have when all are made."""
    if candidates.empty:
        raise Refused("There is nothing left to run: every point of the grid has a result.")
    runs = candidates.groupby(list(GROUP), as_index=False).agg(
        num_seeds=("seed", "size"), flops=("flops", "mean")
    )
    both = pd.concat([groups[[*GROUP, "num_seeds", "flops"]], runs], ignore_index=True)
    cells = both.groupby(list(GROUP), as_index=False).agg(
        num_seeds=("num_seeds", "sum"), flops=("flops", "first")
    )
    if len(cells) > MAX_CELLS:
        raise Refused(
            f"The grid has {len(cells):,} models, and what to run next is weighed for {MAX_CELLS:,} at most: "
            "ask of a part of it, by where=…."
        )
    return cells


def _status(foresights: Sequence[Foresight], useful: Floats, points: pd.DataFrame) -> Status:
    if all(each.settled for each in foresights):
        return "settled"
    if len(points):
        return "teaches"
    return "too_dear" if len(useful) else "undecidable"


def noise_of_few(groups: pd.DataFrame, declared: Noise | None) -> Noise:
    """Noise from repeats, else as the source declares it, else assumed until there are repeats enough."""
    measured = seed_noise(groups)
    return measured if measured.known and measured.df >= MIN_DF else declared or ASSUMED
