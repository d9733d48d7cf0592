"""W&B as a source: the runs of a group, read through its public API, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.table import AXES, STATUSES
from scaling.errors import Refused

PREFIX = "wandb:"
RUNS_A_PAGE = 500
STATES = {"pending": "pending", "running": "running", "preempting": "running", "finished": "completed"}
"""What a run's state is as the status of a row; any other is a failure."""
NAMES = {"family": "model", "data.name": "data"}
"""Settings in the runs of this project, and their columns."""


def read_wandb(source: str) -> pd.DataFrame:
    """The runs of `wandb:ENTITY/PROJECT/GROUP`, one row each.

    Columns are the settings, with dots between nested names (`recipe.dropout`), the last values of the
    metrics as W&B's summary names them, `status` and `tags`. Raises `Refused` for another form of source,
    without a network or an account, and where there are no runs.
    """
    entity, project, group = _parts(source)
    import wandb  # 0.4 s, and a process of its own

    try:
        wandb.setup(wandb.Settings(silent=True))  # which also keeps it from asking for a key
        runs = wandb.Api().runs(f"{entity}/{project}", {"group": group}, per_page=RUNS_A_PAGE, lazy=False)
        rows = [_row(run) for run in runs]
    except Exception as error:  # those of the client have no class in common
        reason = " ".join(str(error).split()).rstrip(".").replace(". ", "; ")
        raise Refused(
            f"{source} cannot be read ({reason}): that takes a network, `wandb login`, and a project that is "
            "there."
        ) from error
    if not rows:
        raise Refused(f"{source} has no runs: give a group of the project {project}.")
    return pd.DataFrame(rows)


def _parts(source: str) -> tuple[str, str, str]:
    parts = source.removeprefix(PREFIX).split("/", 2)
    if len(parts) < 3 or not all(parts):
        raise Refused(f"{source} names no group of runs: write {PREFIX}ENTITY/PROJECT/GROUP.")
    return parts[0], parts[1], parts[2]


def _row(run: Any) -> dict[str, Any]:
    """A metric goes before a setting of its name, but the axes and the seed are always settings."""
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
    if settings.get("id") == run.id:  # written by this project
        row["point"] = run.id
    return row


def _flat(values: Mapping[str, Any], separator: str, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one; lists are left out."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, separator, f"{prefix}{name}{separator}")
        elif not isinstance(value, list):
            flat[f"{prefix}{name}"] = value
    return flat
