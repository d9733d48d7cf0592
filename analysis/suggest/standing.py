"""Where a study stands: what could run of its plan, and what does, told from its files alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.source import read_source
from analysis.suggest.aims import Aims
from analysis.suggest.candidates import candidates_of
from analysis.suggest.suggest import Suggestion, suggest
from analysis.table import Table


@dataclass(frozen=True)
class Standing:
    table: Table
    """Every point of the plan."""
    runs: pd.DataFrame
    """Runs as `candidates_of` has them."""

    @classmethod
    def of(cls, study: Path, tried: Collection[str]) -> Standing:
        """The standing by the last plan of the study; points `tried`, by their ids, are not to run again."""
        table = read_source(study, planned=True)
        runs = candidates_of(table)
        was_tried = runs["point"].isin(tried) & (runs["status"] == "pending")
        return cls(table, runs[~was_tried])

    @property
    def coming(self) -> list[str]:
        """Points that run, or are left to a job."""
        return [str(each) for each in self.runs.loc[self.runs["status"] == "running", "point"]]

    @property
    def num_pending(self) -> int:
        return int((self.runs["status"] == "pending").sum())

    def suggestion(self, budget: float, batch: int, smallest: float = 0.0) -> Suggestion:
        """What to run next, as `suggest` has it."""
        return suggest(self.table, self.runs, budget=budget, batch=batch, aims=Aims(smallest=smallest))
