"""Standing of a study: which points of its plan could run and which are running, from its files alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.source.source import read_source
from analysis.suggest.aims import Aims
from analysis.suggest.candidates import candidates_of
from analysis.suggest.suggest import Suggestion, suggest
from analysis.table import Table


@dataclass(frozen=True)
class Standing:
    table: Table
    """Rows of every point of the plan."""
    runs: pd.DataFrame
    """The runs as returned by `candidates_of`."""

    @classmethod
    def of(cls, study: Path, tried: Collection[str]) -> Standing:
        """The standing by the last plan of the study; points in `tried` (ids) are not to be run again."""
        table = read_source(study, planned=True)
        runs = candidates_of(table)
        was_tried = runs["point"].isin(tried) & (runs["status"] == "pending")
        return cls(table, runs[~was_tried])

    @property
    def coming(self) -> list[str]:
        """Points that are running or left to a job."""
        return [str(each) for each in self.runs.loc[self.runs["status"] == "running", "point"]]

    @property
    def num_pending(self) -> int:
        return int((self.runs["status"] == "pending").sum())

    def suggestion(self, budget: float, batch: int, smallest: float = 0.0) -> Suggestion:
        """The suggestion for these runs; see `suggest`."""
        return suggest(self.table, self.runs, budget=budget, batch=batch, aims=Aims(smallest=smallest))
