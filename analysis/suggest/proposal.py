"""A proposal: the suggested runs of a source within a budget, and how to make them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import GROUP
from analysis.setting import base_setting
from analysis.suggest.aims import Aims
from analysis.suggest.candidates import candidates_of
from analysis.suggest.line import line_of
from analysis.suggest.suggest import Suggestion, suggest
from analysis.table import Table
from scaling.errors import Refused
from scaling.quantity import counted


@dataclass(frozen=True, kw_only=True)
class Proposal:
    source: str
    budget: float
    """Budget in train FLOPs; infinite where hours bound the runs."""
    suggestion: Suggestion
    tells_noise: bool
    """Whether the noise of a run is known once all runs are made; without it every verdict is `undecided`."""
    hours: float | None
    """Hours of all points on one device; None where those of some are not known."""
    line: str | None
    """Command line to type; None where there is nothing to run, or the source does not contain what it
    needs."""
    missing: str
    """Why there is no command line, or what it leaves open; usually empty."""


def propose(
    table: Table,
    *,
    budget: float | None,
    hours: float | None,
    batch: int,
    where: str | None,
    model: str | None,
    aims: Aims,
) -> Proposal:
    """At most `batch` runs for `budget` train FLOPs, or `hours` of one device, that help most to settle the
    aims.

    Raises `Refused` where nothing is left to run or the budget is below the cheapest run that would teach
    anything, and as `candidates_of` and `suggest` do.
    """
    if batch < 1:
        raise Refused(f"--batch {batch} should be at least 1.")
    for option, given in (("--budget", budget), ("--hours", hours)):
        if given is not None and not 0 < given < math.inf:
            raise Refused(f"{option} {given:g} should be a number above 0.")
    runs = candidates_of(table, model=model, where=where)
    num_pending = int((runs["status"] == "pending").sum())
    if not num_pending:
        num_failed = int((table.rows["status"] == "failed").sum())
        failed = f", or has failed ({num_failed})" if num_failed else ""
        coming = f", or runs now ({len(runs)})" if len(runs) else ""
        raise Refused(
            f"{table.source} has nothing left to run: all of its grid is measured{failed}{coming}; widen "
            "the grid, or add seeds."
        )
    found = _within(table, runs, budget, hours, batch, aims)
    points = found.points
    known = len(points) > 0 and bool(points["hours"].notna().all())
    line, missing = _line(table, points, model)
    return Proposal(
        source=table.source,
        budget=np.inf if budget is None else budget,
        suggestion=found,
        tells_noise=table.rerun_sd is not None or _has_repeats(table, runs),
        hours=float(points["hours"].sum()) if known else None,
        line=line,
        missing=missing,
    )


def _has_repeats(table: Table, runs: pd.DataFrame) -> bool:
    all_runs = pd.concat([table.usable[[*GROUP, "seed"]], runs[[*GROUP, "seed"]]])
    return bool(all_runs.drop_duplicates().duplicated(list(GROUP)).any())


def _within(
    table: Table, runs: pd.DataFrame, budget: float | None, hours: float | None, batch: int, aims: Aims
) -> Suggestion:
    if (budget is None) == (hours is None):
        whole = runs.loc[runs["status"] == "pending", "train_flops"].sum()
        raise Refused(
            "suggest needs --budget, the train FLOPs that the next runs may take, or --hours, such as "
            f"--budget {0.1 * whole:.1g} ({counted(len(runs), 'run')} could be made, for {whole:.3g})."
        )
    option, given = ("--budget", budget) if hours is None else ("--hours", hours)
    assert given is not None
    if hours is not None:
        found = _in_hours(table, runs, hours, batch, aims)
    else:
        found = suggest(table, runs, budget=given, batch=batch, aims=aims)
    if found.status == "too_dear":
        unit = "train FLOPs" if hours is None else "device-hours"
        raise Refused(
            f"{option} {given:g} is below the cheapest run that would teach anything: that takes "
            f"{found.cheapest:.3g} {unit}."
        )
    return found


def _in_hours(table: Table, runs: pd.DataFrame, hours: float, batch: int, aims: Aims) -> Suggestion:
    """The suggestion with the hours of the runs in place of their FLOPs, both as price and as budget."""
    if runs["hours"].isna().any():
        raise Refused(
            "--hours: the hours of some runs that could be made are not known: give --budget, in train FLOPs."
        )
    return suggest(table, runs.assign(price=runs["hours"]), budget=hours, batch=batch, aims=aims)


def _line(table: Table, points: pd.DataFrame, model: str | None) -> tuple[str | None, str]:
    if not len(points):
        return None, ""
    try:
        line = line_of(table, points, model)
    except Refused as why_not:
        return None, str(why_not)
    if points["point"].notna().all():
        return line, ""
    return line, base_setting(table, str(points["setting"].iloc[0]), model).missing
