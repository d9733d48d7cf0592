"""An action: what a launch does with a point, and why: run it, skip it, wait for it or retry it."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Literal

from scaling.study import lease
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study

Action = Literal["run", "skip", "wait", "retry", "later", "drop"]
"""`later` is left for another launch, `drop` is not wanted; `decide` gives the others."""


def decide(study: Study, point_id: str, state: State, queued: str | None = None) -> tuple[Action, str]:
    """What a launch does with a point in this state, and why; `queued` is the job that it is left to."""
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
        return "run", f"goes on after epoch {state.epoch}"
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
        return "skip", f"{what} (the code has not changed since; mend it, or remove {directory})"
    return "retry", what
