"""Settling a point that has lost its process: why, and whether it can go on."""

from __future__ import annotations

from dataclasses import replace

from scaling.study import lease
from scaling.study.result import Failure, Status
from scaling.study.store import Study


def settle(
    study: Study,
    point_id: str,
    failure: Failure,
    message: str,
    *,
    for_good: bool = False,
    was: Status = "running",
    launch: str | None = None,
) -> None:
    """Note why a point runs no more, or, where it `was` pending, why it never will.

    `for_good`, or where it ran out of memory, it has failed: in `launch`, or in the one that had it last.
    """
    held = lease.acquire(study.directory(point_id))
    if held is None:
        return
    with held:
        noted = study.noted(point_id)
        if noted.status == was and study.state(point_id).status != "completed":
            status: Status = "failed" if for_good or failure == "out_of_memory" else "pending"
            settled = replace(noted, status=status, failure=failure, message=message)
            study.note(point_id, replace(settled, launch=launch or noted.launch), held)
