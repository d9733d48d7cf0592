"""A partly measured study: what its whole grid is foreseen to say, for the report."""

from __future__ import annotations

from pathlib import Path

from analysis.source import read_source
from analysis.suggest.candidates import candidates_of
from analysis.suggest.suggest import Suggestion, suggest
from analysis.table import Table
from scaling.errors import Refused
from scaling.study.plan_file import read_plan

MAX_RUNS = 1000
"""With more runs left, a report leaves the foresight out; `suggest` works it out all the same."""


def foreseen(table: Table) -> Suggestion | None:
    """What the whole grid of a study would say, and the first runs that tell more of it.

    None where nothing is left to run or nothing can be said, and for other sources, which have no plan.
    """
    study = Path(table.source)
    if not (study / "study.json").is_file():
        return None
    done = set(table.usable["point"])
    left = [
        row for row in read_plan(study / "plan.csv") if row["action"] != "drop" and row["point"] not in done
    ]
    if not 0 < len(left) <= MAX_RUNS:
        return None
    try:
        planned = read_source(table.source, planned=True)
        return suggest(planned, candidates_of(planned))
    except Refused:
        return None
