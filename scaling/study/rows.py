"""Rows: what a point noted of its epochs in its metrics.jsonl."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any


def read_rows(directory: Path) -> list[dict[str, Any]]:
    """All that can be read of the point in the directory: half a line is passed over, and what a power cut
    left."""
    rows = []
    with suppress(OSError):
        for line in (directory / "metrics.jsonl").read_bytes().splitlines():
            with suppress(ValueError):
                rows.append(json.loads(line))
    return [row for row in rows if isinstance(row, dict) and "epoch" in row]
