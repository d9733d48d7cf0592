"""Where a study stands before a round of an adaptive launch, told from its files alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from analysis.source import read_source
from analysis.suggest.candidates import candidates_of
from analysis.table import Table
from control.spending import Spending
from launchers.planning import Planning
from scaling.study.plan_file import write_plan


@dataclass(frozen=True)
class Standing:
    table: Table
    """Every point of the grid."""
    runs: pd.DataFrame
    """What could run, and what does."""
    spent: float
    """Train FLOPs."""

    @property
    def coming(self) -> list[str]:
        """Points that run, or are left to a job."""
        return [str(each) for each in self.runs.loc[self.runs["status"] == "running", "point"]]

    @property
    def num_pending(self) -> int:
        return int((self.runs["status"] == "pending").sum())


def standing(planning: Planning, spending: Spending, tried: Collection[str]) -> Standing:
    """By the plan of the whole grid, which is written down first; points that were `tried` are not again."""
    path = planning.study.path
    write_plan(planning.plan, path / "plan.csv")
    table = read_source(path, planned=True)
    runs = candidates_of(table)
    was_tried = runs["point"].isin(tried) & (runs["status"] == "pending")
    return Standing(table, runs[~was_tried], spending.of(planning.plan))
