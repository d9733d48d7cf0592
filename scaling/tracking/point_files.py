"""The files of one point as a tracker finds them while others write: each complete, any of them absent."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scaling.study.files import Corrupt, read_json
from scaling.study.result import read_noted, read_result
from scaling.study.rows import read_rows

LOG_BYTES = 65536
"""Largest number of bytes of a point's log that are shown."""

ATTEMPT_STARTS = re.compile(r" INFO \S+: attempt \d+ of [0-9a-f]+ under token ")
"""Matches the first line that an attempt logs."""

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class PointFiles:
    """The files of a point at one moment."""

    directory: Path
    point: dict[str, Any]
    """Content of point.json."""
    status: dict[str, Any]
    """Content of status.json; empty while there is none."""
    result: dict[str, Any] | None
    """Content of result.json; if it is present, the point is completed, whatever its status says."""

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Rows of metrics.jsonl, one per epoch; read on first use."""
        return read_rows(self.directory)

    @property
    def last_log(self) -> str:
        """Log of the last attempt, including its traceback; only the last LOG_BYTES if it is long."""
        try:
            with open(self.directory / "log.txt", "rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_BYTES))
                text = file.read().decode(errors="replace")
        except OSError:
            return ""
        lines = text.splitlines()
        starts = [number for number, line in enumerate(lines) if ATTEMPT_STARTS.search(line)]
        return "\n".join(lines[starts[-1] :] if starts else lines)

    @property
    def state(self) -> str:
        """Status of the point: pending, running, completed or failed."""
        if self.result is not None:
            return "completed"
        state = self.status.get("status", "pending")
        return "running" if state == "completed" else str(state)  # its result is about to appear

    @property
    def ended(self) -> bool:
        """Whether this attempt has ended."""
        return self.state in ("completed", "failed")

    @property
    def outcome(self) -> str:
        """16 hex digits that identify how a point ended; they change if it ends again or differently."""
        facts = self.result or {
            key: self.status.get(key) for key in ("status", "failure", "message", "attempt")
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def read_point(directory: Path) -> PointFiles | None:
    """The files of the point in `directory`; None while it has no readable point.json."""
    point = read_object(directory / "point.json")
    if point is None:
        return None
    return PointFiles(
        directory=directory,
        point=point,
        status=read_noted(directory / "status.json"),
        result=read_object(directory / "result.json", read_result),  # else the point will run again
    )


def stamp(directory: str, *, with_rows: bool) -> Stamp:
    """A value that changes with the status of the point and, `with_rows`, with its rows; one stat each."""
    status = _version(f"{directory}/status.json")
    return (status, _version(f"{directory}/metrics.jsonl")) if with_rows else (status,)


def read_object(
    path: Path, read: Callable[[Path], dict[str, Any] | None] = read_json
) -> dict[str, Any] | None:
    """The JSON object in a file, as `read` has it; None if there is none that can be read."""
    try:
        return read(path)
    except Corrupt:
        return None


def _version(path: str) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return (0, 0)
    return stat.st_mtime_ns, stat.st_ino  # files are moved into place: a new inode even within one clock tick
