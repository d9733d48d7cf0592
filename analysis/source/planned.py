"""Planned points: points in the last plan of a study that have not started, as rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scaling.study.plan_file import read_plan
from scaling.study.store import Study

_SAME = ("point", "setting", "model", "depth", "width", "resolution", "frames", "epochs", "seed")
_COSTS = ("params", "flops", "activations", "train_flops")


def planned_rows(study: Study, there: Collection[str]) -> list[dict[str, Any]]:
    """One row per planned point whose id is not in `there`."""
    task = study.task
    return [
        {
            **{name: row[name] for name in (*_SAME, *_COSTS) if name in row},
            "data": task.data,
            "status": "pending",
            "failure": None,
            task.metric: None,
            "predicted_hours": row["hours"],
        }
        for row in read_plan(study.path / "plan.csv")
        if row["point"] not in there and row["action"] != "drop"
    ]
