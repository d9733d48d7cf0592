"""Settling a point that has lost its process: noting why, and whether it can continue."""

from __future__ import annotations

from dataclasses import replace

from scaling.study import lease
from scaling.study.result import Failure, Status
from scaling.study.store import Study


def settle_killed_for_memory(study: Study, point_id: str) -> None:
    """Note that the kernel killed the process of a point because memory ran out; see `oom.py`."""
    settle(study, point_id, "out_of_memory", "the kernel killed it because memory ran out")


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
    """Note why a point no longer runs, or why it never will if it `was` pending.

    The point becomes failed if this is `for_good` or if it ran out of memory, else pending, so that it can
    continue. The failure belongs to `launch`, or to the launch that had the point last.
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
