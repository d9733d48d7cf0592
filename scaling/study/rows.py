"""Rows: the records of its epochs that a point wrote to metrics.jsonl."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any


def read_rows(directory: Path) -> list[dict[str, Any]]:
    """All readable rows of the point in `directory`; lines damaged by a crash or a power cut are skipped."""
    rows = []
    with suppress(OSError):
        for line in (directory / "metrics.jsonl").read_bytes().splitlines():
            with suppress(ValueError):
                rows.append(json.loads(line))
    return [row for row in rows if isinstance(row, dict) and "epoch" in row]
