"""The fate of a job that ended before its points: the class of failure, from its log and accounting."""

from __future__ import annotations

import re
from pathlib import Path

from launchers.slurm.client import ask
from scaling.errors import Refused
from scaling.study.result import Failure

RUN_STARTS = "--- a run of this job starts ---"
"""Line of a job's log that separates a run from the earlier ones above it."""

_TAIL_BYTES = 1 << 16
_IN_LOG: tuple[tuple[Failure, re.Pattern[str]], ...] = (
    ("out_of_memory", re.compile(r"exceeded memory limit|oom.kill|out of memory", re.IGNORECASE)),
    ("timeout", re.compile(r"DUE TO TIME LIMIT")),
    ("preempted", re.compile(r"DUE TO PREEMPTION")),
    ("node_failure", re.compile(r"DUE TO NODE FAILURE")),
)
_IN_ACCOUNTING: tuple[tuple[str, Failure], ...] = (
    ("OUT_OF_ME", "out_of_memory"),
    ("NODE_FAIL", "node_failure"),
    ("BOOT_FAIL", "node_failure"),
    ("PREEMPTED", "preempted"),
    ("TIMEOUT", "timeout"),
)


def fate(job: str, log: Path) -> Failure:
    """Why the last run of `job` ended before its points did; `killed` if unknown.

    The log precedes accounting, which may report a step that ran out of memory as failed or cancelled.
    """
    said = _last_run(log)
    for failure, pattern in _IN_LOG:
        if pattern.search(said):
            return failure
    return _accounted(job)


def _last_run(log: Path) -> str:
    """The end of the log, from the beginning of its last run."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace").rpartition(RUN_STARTS)[2]
    except OSError:
        return ""


def _accounted(job: str) -> Failure:
    """The failure of the latest ended run of the job, as sacct reports it; `killed` if it does not."""
    try:
        answer = ask("sacct", "-D", "-X", "-n", "-P", "-j", job, "-o", "State")
    except Refused:
        return "killed"
    ended = [state for state in answer.splitlines() if not state.startswith(("RUNNING", "PENDING"))]
    found = [failure for word, failure in _IN_ACCOUNTING if ended and ended[-1].startswith(word)]
    return found[0] if found else "killed"
