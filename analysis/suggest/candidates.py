"""Candidates: the runs that could be made next, each with its price and its probability of failing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from analysis.suggest.failing import could_fail
from analysis.suggest.unmeasured import unmeasured
from analysis.table import Table
from scaling.errors import Refused
from scaling.study.action import decide
from scaling.study.constraint import Constraint
from scaling.study.plan_file import read_plan
from scaling.study.store import Study

COLUMNS = (
    "point",
    "data",
    "setting",
    "depth",
    "width",
    "resolution",
    "epochs",
    "seed",
    "flops",
    "train_flops",
    "hours",
    "status",
)


def candidates_of(table: Table, *, model: str | None = None, where: str | None = None) -> pd.DataFrame:
    """One row per run: COLUMNS and `could_fail`; no rows if everything in the grid is measured.

    For a study, read with `planned`: the points of its plan that would run if its command were typed again
    (status `pending`), and those that are running; train_flops are those of the remaining epochs. For another
    source: the runs of `unmeasured`, where `model` names a file of conf/model. `where` is a condition on the
    axes, flops, train_flops and hours. Raises `Refused` for a condition that cannot be read or that no run
    meets, and as `unmeasured` does.
    """
    path = Path(table.source)
    is_study = (path / "study.json").is_file()
    found = _of_study(table, path) if is_study else unmeasured(table, model)
    found = found[[*COLUMNS]].reset_index(drop=True)
    if where is not None and len(found):
        found = _those(where, found)
    return found.assign(could_fail=could_fail(table.rows, found))


def _of_study(table: Table, path: Path) -> pd.DataFrame:
    """The candidates of the last plan; without a plan, of every point that is on disk."""
    study = Study(path)
    rows = table.rows[table.rows["status"] != "completed"].rename(columns={"predicted_hours": "hours"})
    action = {row["point"]: row["action"] for row in read_plan(path / "plan.csv")}
    ids = [str(each) for each in rows["point"]]
    states = study.states(ids)
    status = []
    for each in ids:
        now, _ = decide(study, each, states[each])
        planned = action.get(each, "drop" if action else "run")
        if now == "wait" or (planned == "wait" and states[each].status == "pending"):
            status.append("running")  # also where it is left to a job that has not started it
        else:
            status.append("pending" if planned != "drop" and now != "skip" else "")
    behind = [states[each].epoch for each in ids] / rows["epochs"]
    rows = rows.assign(status=status, train_flops=(1 - behind) * rows["train_flops"])
    return rows[rows["status"] != ""]


def _those(where: str, runs: pd.DataFrame) -> pd.DataFrame:
    known = [name for name in COLUMNS[3:-1] if runs[name].notna().all()]
    constraint = Constraint.parse(where, known)
    values = [dict(zip(known, each, strict=True)) for each in runs[known].itertuples(index=False, name=None)]
    kept = runs[[constraint.reason(each) is None for each in values]]
    if kept.empty:
        raise Refused(f"--where {where} is true of none of the {len(runs)} runs that could be made.")
    return kept.reset_index(drop=True)
