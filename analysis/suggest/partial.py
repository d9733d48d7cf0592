"""A partly measured study: what its whole grid is likely to say, for the report."""

from __future__ import annotations

from pathlib import Path

from analysis.source.source import read_source
from analysis.suggest.candidates import candidates_of
from analysis.suggest.suggest import Suggestion, suggest
from analysis.table import Table
from scaling.errors import Refused
from scaling.study.plan_file import read_plan

MAX_RUNS = 1000
"""Number of runs left above which a report does without foresights, since they take long; `suggest` does
not."""


def foreseen(table: Table) -> Suggestion | None:
    """What the whole grid of a study would say, and the first runs that would teach more.

    None where no run is left or nothing can be foreseen, and for sources other than studies, which have no
    plan.
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
