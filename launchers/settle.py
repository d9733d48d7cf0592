"""Settling a point that has lost its process: why, and whether it can go on."""

from __future__ import annotations

from dataclasses import replace

from scaling.study import lease
from scaling.study.result import Failure, State, Status
from scaling.study.store import Study


def settle(study: Study, point_id: str, failure: Failure, message: str, *, for_good: bool = False) -> None:
    """Note of a point that runs no more why. `for_good`, or where it ran out of memory, it has failed."""
    held = lease.acquire(study.directory(point_id))
    if held is None:
        return
    with held:
        noted = study.noted(point_id)
        if noted.status == "running" and study.state(point_id).status != "completed":
            study.note(point_id, _settled(noted, failure, message, for_good), held)


def _settled(noted: State, failure: Failure, message: str, for_good: bool) -> State:
    status: Status = "failed" if for_good or failure == "out_of_memory" else "pending"
    return replace(noted, status=status, failure=failure, message=message)
