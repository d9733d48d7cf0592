"""An action: what a launch does with a point (run, skip, wait for or retry it), and why."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Literal

from scaling.study import lease
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study

Action = Literal["run", "skip", "wait", "retry", "later", "drop"]
"""`later` leaves the point to another launch, `drop` excludes it; `decide` returns one of the other four."""


def decide(study: Study, point_id: str, state: State, queued: str | None = None) -> tuple[Action, str]:
    """The action for a point in this state, and the reason; `queued` names a job in the queue that has it."""
    if state.status == "completed":
        return "skip", "done"
    if state == State() and queued is None:
        return "run", "new"
    holder = lease.live_holder(study.directory(point_id))
    if holder is not None:
        return "wait", f"running in process {holder.pid} on {holder.host.split('/')[0]}"
    if queued is not None:
        return "wait", f"left to {queued}"
    if state.status == "failed":
        return _after_failure(state, study.directory(point_id))
    if state.epoch:
        return "run", f"continues after epoch {state.epoch}"
    return "run", "new" if state.message is None else state.message


def _after_failure(state: State, directory: Path) -> tuple[Action, str]:
    what = f"{state.failure}: {state.message}"
    if state.failure == "diverged":
        return "skip", f"{what} (an outcome, kept; remove {directory} to train it again)"
    if state.failure == "dominated":
        study = directory.parent.parent
        retry = f"python -m control retry {quote(str(study))} --failure dominated"
        return "skip", f"{what} (an outcome, kept; {retry} trains it to its end)"
    if state.failure == "code_error" and state.code == code_digest():
        return "skip", f"{what} (the code has not changed since; fix it, or remove {directory})"
    return "retry", what
