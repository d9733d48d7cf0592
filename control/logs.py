"""Logs: what a point wrote in all its attempts, and where its job wrote its output."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from control.point import noted_in
from scaling.study.store import Study

POLL_S = 0.5


def print_log(study: Study, point_id: str, *, tail: int | None, follow: bool) -> None:
    """Print the log of a point, or its last `tail` lines; with `follow`, until the point has ended."""
    file = study.directory(point_id) / "log.txt"
    pieces = _followed(study, point_id, file) if follow else iter([_read(file, 0)])
    text = next(pieces).decode(errors="replace")
    lines = text.splitlines(keepends=True)
    sys.stdout.write("".join(lines[-tail:] if tail else lines))
    sys.stdout.flush()
    for piece in pieces:
        sys.stdout.write(piece.decode(errors="replace"))
        sys.stdout.flush()


def job_log(study: Study, point_id: str) -> Path | None:
    """Output of the job of the last attempt, else the folder of its launch; None where there is neither."""
    noted = noted_in(str(study.directory(point_id)))
    folder = study.path / "jobs" / str(noted.get("launch"))
    of_job = sorted(folder.glob(f"{noted['job']}_*_log.out")) if noted.get("job") else []
    if of_job:
        return of_job[-1]
    return folder if folder.is_dir() else None


def has_log(study: Study, point_id: str) -> bool:
    """Whether the point was ever started."""
    return (study.directory(point_id) / "log.txt").exists()


def _followed(study: Study, point_id: str, file: Path) -> Iterator[bytes]:
    """Yield the content of the file, then what is appended, until the point has ended."""
    position = 0
    while True:
        has_ended = _has_ended(study, point_id)
        piece = _read(file, position)
        position += len(piece)
        yield piece
        if has_ended:
            return
        time.sleep(POLL_S)


def _has_ended(study: Study, point_id: str) -> bool:
    noted = study.noted(point_id).status
    return noted == "failed" or (noted == "completed" and study.state(point_id).status == "completed")


def _read(file: Path, position: int) -> bytes:
    """The bytes from `position` to the end; none where the file does not exist yet."""
    try:
        with file.open("rb") as opened:
            opened.seek(position, os.SEEK_SET)
            return opened.read()
    except FileNotFoundError:
        return b""
