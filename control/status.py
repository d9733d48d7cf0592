"""A status: how far a study is, what failed, and what runs where."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from scaling.study import lease
from scaling.study.store import Study

HOLDERS_AT_MOST = 5
"""Running points that are named."""
LATELY_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The failures of one class."""

    count: int
    example: str
    """The message of one of them."""
    point: str
    """The id of that one; its `log.txt` says more."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A point and who trains it."""

    point: str
    axes: str
    epoch: int
    """Epochs behind it."""
    epochs: int
    host: str
    pid: int


@dataclass(frozen=True, kw_only=True)
class Status:
    """A study at one moment."""

    study: str
    num_points: int
    counts: Mapping[str, int]
    """Points that are completed, running, pending, failed."""
    failures: Mapping[str, Failed]
    """By class, most frequent first."""
    completed_last_hour: int
    training_hours: float
    """In training steps of the completed points, all attempts."""
    last_result: float | None
    """When the last result was written, in seconds since 1970; None where there is none."""
    running: Sequence[Running]
    """The first HOLDERS_AT_MOST by id."""


def status_of(study: Study) -> Status:
    """Read the whole study; Refused where a point cannot be read."""
    rows = study.rows()
    written = [_written(study, row["point"]) for row in rows if row["status"] == "completed"]
    counts = Counter(row["status"] for row in rows)
    return Status(
        study=str(study.path),
        num_points=len(rows),
        counts={status: counts[status] for status in ("completed", "running", "pending", "failed")},
        failures=_failures(rows),
        completed_last_hour=sum(time.time() - each < LATELY_S for each in written),
        training_hours=sum(row["train_seconds"] or 0.0 for row in rows) / 3600,
        last_result=max(written, default=0.0) or None,
        running=_running(study, rows),
    )


def _written(study: Study, point_id: str) -> float:
    """When the result was written; 0 where it has been removed since."""
    try:
        return os.stat(f"{study.path}/points/{point_id}/result.json").st_mtime
    except FileNotFoundError:
        return 0.0


def _failures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Failed]:
    failed = [row for row in rows if row["status"] == "failed"]
    examples = {row["failure"]: row for row in reversed(failed)}
    return {
        failure: Failed(count=count, example=examples[failure]["message"], point=examples[failure]["point"])
        for failure, count in Counter(row["failure"] for row in failed).most_common()
    }


def _running(study: Study, rows: Sequence[Mapping[str, Any]]) -> list[Running]:
    ids = [row["point"] for row in rows if row["status"] == "running"]
    held = ((point_id, lease.live_holder(study.directory(point_id))) for point_id in ids)
    running = (_run(study, point_id, holder) for point_id, holder in held if holder is not None)
    return list(islice(running, HOLDERS_AT_MOST))


def _run(study: Study, point_id: str, holder: lease.Process) -> Running:
    point = study.point(point_id)
    return Running(
        point=point_id,
        axes=str(point),
        epoch=study.noted(point_id).epoch,
        epochs=point.epochs,
        host=holder.host.split("/")[0],
        pid=holder.pid,
    )
