"""An index: a cache of the rows of completed points in one file, so that a large study is read in seconds.

The files of the points remain the source of truth. A cached row is valid only while the stamps of these files
and the digest of the code are unchanged; any other row is read again. The index may therefore be damaged,
deleted, or written by two processes at once without making a row wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from scaling.study.files import write_bytes
from scaling.study.lease import server_time
from scaling.study.snapshot import code_digest

NAME = "index.jsonl"
SCHEMA = 1
"""Version of the file format; an index of another version is ignored."""
AT_REST_S = 2.0
"""Age below which a change is too recent to cache: the file might change again under the same time stamp."""
WORTH_WRITING = 0.02
"""Least share of new or removed rows at which rewriting the index costs about as much as rereading them."""

Row = dict[str, Any]


class Stamps(NamedTuple):
    """Modification times (ns) and sizes (bytes) of the files that a row is made from.

    Replacing or removing a file changes the time of its directory; editing it in place changes its own.
    """

    directory: int
    result: int
    result_size: int
    point: int
    point_size: int

    def at_rest(self, at_ns: float) -> bool:
        """Whether, at this time, nothing had changed for AT_REST_S."""
        return max(self.directory, self.result, self.point) < at_ns - 1e9 * AT_REST_S


class Entry(NamedTuple):
    stamps: Stamps
    row: Row


class Index:
    """Cached rows of a study. Call `row` for each point and then `write`, or `holds` to test a point."""

    def __init__(self, study: Path) -> None:
        self._file = study / NAME
        self._points = f"{study}/points"
        self._read_at_ns = 1e9 * server_time(study)
        lines = _lines(self._file)
        self._kept = _stamps_in(lines[::2])
        self._lines = lines[1::2]
        self._current: dict[str, Entry] = {}
        self._num_new = 0

    @cached_property
    def _rows(self) -> dict[str, Row]:
        """The cached rows, decoded on first use."""
        rows = (row for line in self._lines for row in _rows_in(line))
        return dict(zip(self._kept, rows, strict=True))

    def holds(self, point_id: str) -> bool:
        """Whether the index has a valid row of the point, which means that the point is completed."""
        kept = self._kept.get(point_id)
        return kept is not None and kept == self._stamps(point_id)

    def row(self, point_id: str, read: Callable[[str], Row]) -> Row:
        """The point's row: the cached one if it is valid, else what `read` returns."""
        stamps = self._stamps(point_id)  # before reading, so that a change meanwhile gives another stamp
        if stamps is not None and stamps == self._kept.get(point_id):
            row = self._rows[point_id]
            self._current[point_id] = Entry(stamps, row)
            return row
        row = read(point_id)
        if stamps is not None and stamps.at_rest(self._read_at_ns) and row["status"] == "completed":
            self._current[point_id] = Entry(stamps, row)
            self._num_new += 1
        return row

    def write(self) -> None:
        """Write the index with the rows read so far, if enough of them changed; write errors are ignored."""
        num_gone = len(self._kept) + self._num_new - len(self._current)
        changed = self._num_new + num_gone
        if changed and changed >= WORTH_WRITING * len(self._current):
            body = _encode(self._current)
            with suppress(OSError):
                write_bytes(self._file, _head(body) + b"\n" + body)

    def _stamps(self, point_id: str) -> Stamps | None:
        """Stamps of the point's files; None if it is not completed."""
        directory = f"{self._points}/{point_id}"
        try:
            result = os.stat(f"{directory}/result.json")
            point = os.stat(f"{directory}/point.json")
            changed = os.stat(directory).st_mtime_ns
        except OSError:
            return None
        return Stamps(changed, result.st_mtime_ns, result.st_size, point.st_mtime_ns, point.st_size)


def _lines(file: Path) -> list[bytes]:
    """All lines after the first; none if the file is absent, damaged, or written by other code."""
    try:
        head, _, body = file.read_bytes().partition(b"\n")
    except OSError:
        return []
    return body.splitlines() if head == _head(body) else []


def _head(body: bytes) -> bytes:
    """The first line, which is valid only for this body and this code."""
    about = {"schema": SCHEMA, "code": code_digest(), "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(about).encode()


def _encode(entries: dict[str, Entry]) -> bytes:
    """Two lines for each set of columns: the stamps, and the rows column by column, which decodes fastest."""
    sheets: dict[tuple[str, ...], dict[str, Entry]] = {}
    for point_id, entry in entries.items():
        sheets.setdefault(tuple(entry.row), {})[point_id] = entry
    return "\n".join(line for names, sheet in sheets.items() for line in _sheet(names, sheet)).encode()


def _sheet(names: tuple[str, ...], entries: dict[str, Entry]) -> tuple[str, str]:
    stamps = list(zip(*(entry.stamps for entry in entries.values()), strict=True))
    columns = list(zip(*(entry.row.values() for entry in entries.values()), strict=True))
    return json.dumps({"points": list(entries), "stamps": stamps}), json.dumps([names, columns])


def _stamps_in(lines: Iterable[bytes]) -> dict[str, Stamps]:
    kept: dict[str, Stamps] = {}
    for line in lines:
        sheet = json.loads(line)
        kept |= zip(sheet["points"], map(Stamps._make, zip(*sheet["stamps"], strict=True)), strict=True)
    return kept


def _rows_in(line: bytes) -> Iterator[Row]:
    names, columns = json.loads(line)
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))
