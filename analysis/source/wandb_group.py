"""W&B as a source: the runs of a group as rows, those of a study as in its directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.source.wandb_point import is_point, result_of
from analysis.source.wandb_runs import read_runs
from analysis.table import AXES, STATUSES

STATES = {"pending": "pending", "running": "running", "preempting": "running", "finished": "completed"}
"""Status of a row by the state of its run; any other state is a failure."""
NAMES = {"family": "model", "data.name": "data"}
"""Columns for settings that runs of other projects may have."""


def read_wandb(source: str) -> pd.DataFrame:
    """The runs of `wandb:ENTITY/PROJECT/GROUP`, one row each.

    Runs of a study give the rows of its directory, except for waiting points that have no run yet. Other runs
    give their settings, with dots between nested names (`recipe.dropout`), the last values of their metrics
    by their names in W&B's summary, `status` and `tags`. Raises `Refused` as `read_runs` does.
    """
    points: dict[str, dict[str, Any]] = {}
    others = []
    for run in read_runs(source):
        if not is_point(run):
            others.append(_row(run))
            continue
        row = result_of(run).row()
        twin = points.get(row["point"])
        if twin is None or twin["status"] != "completed":
            points[row["point"]] = row
    return pd.DataFrame([*(points[point_id] for point_id in sorted(points)), *others])


def _row(run: Any) -> dict[str, Any]:
    """The row of a run. A metric takes precedence over a setting of its name, except for the axes and the
    seed."""
    settings = {name.replace("/", "."): value for name, value in _flat(run.config, ".").items()}
    settings = {NAMES.get(name, name.removeprefix("cost.")): value for name, value in settings.items()}
    metrics = {name.removeprefix("cost/"): value for name, value in _flat(run.summary_metrics, "/").items()}
    row = settings | metrics | {name: settings[name] for name in (*AXES, "seed") if name in settings}
    status = metrics.get("status")
    if status not in STATUSES:
        status = STATES.get(run.state, "failed")
    row |= {"status": status, "tags": ", ".join(run.tags)}
    if status == "failed" and not row.get("failure"):
        row["failure"] = run.state
    return row


def _flat(values: Mapping[str, Any], separator: str, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as a flat one; lists are left out."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, separator, f"{prefix}{name}{separator}")
        elif not isinstance(value, list):
            flat[f"{prefix}{name}"] = value
    return flat
