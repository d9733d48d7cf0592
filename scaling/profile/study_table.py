"""profile.csv: measurements of the points of a study, one row per point and device. No torch import."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from scaling.study.files import write_text, writing_below

NAME = "profile.csv"
COLUMNS = (
    "point",
    "device",
    "batch_size",
    "precision",
    "latency_ms",  # of inference on one image
    "latency_low_ms",
    "latency_high_ms",
    "images_per_second",  # of inference in batches of batch_size
    "train_step_ms",  # on batch_size images
    "train_step_low_ms",
    "train_step_high_ms",
    "peak_memory_gb",  # of a training step
)
_SINCE = ("train_step_low_ms", "train_step_high_ms")
"""Columns that tables written by earlier versions lack."""

log = logging.getLogger(__name__)


def write_study_table(study: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Append these rows, all of one device, to the study's table, after removing earlier rows of that device.

    The device measured last thus comes last. A file with other columns is replaced, with a warning.
    """
    devices = {row["device"] for row in rows}
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for row in _rows(study / NAME) if row["device"] not in devices)
    writer.writerows(rows)
    with writing_below(study):
        write_text(study / NAME, text.getvalue())
    return study / NAME


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
        rows = list(reader)
    except FileNotFoundError:
        return []
    except (OSError, ValueError, csv.Error) as error:
        log.warning("%s cannot be read and is replaced: %s", path, error)
        return []
    columns = tuple(reader.fieldnames or ())
    earlier = tuple(column for column in COLUMNS if column not in _SINCE)
    if columns not in (COLUMNS, earlier) or any(len(row) != len(columns) for row in rows):
        log.warning("%s has other columns than ours and is replaced", path)
        return []
    return [{**dict.fromkeys(COLUMNS, ""), **row} for row in rows]
