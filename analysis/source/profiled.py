"""What was profiled of a study: times and memory of its points, from profile.csv, added to their rows."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import pandas as pd

from analysis.metric import LATENCY, MEMORY, TRAIN_STEP
from analysis.source.file import read_csv
from scaling.errors import Refused

OURS = {
    "latency_ms": "latency_ms",
    "latency_low_ms": "latency_low_ms",
    "latency_high_ms": "latency_high_ms",
    "images_per_second": "throughput",
    "train_step_ms": "train_image_ms",
    "train_step_low_ms": "train_image_low_ms",
    "train_step_high_ms": "train_image_high_ms",
    "peak_memory_gb": "peak_memory_gb",
}
"""Columns of a table by those of profile.csv; a table has the time of a training step per image."""


def with_profile(rows: pd.DataFrame, profile: Path) -> tuple[pd.DataFrame, str]:
    """The rows with what `python -m scaling profile` measured, and the device: the last one if there are
    several."""
    if not profile.is_file():
        return rows, ""
    measured = read_csv(profile)
    lacking = [column for column in ("point", "device", "latency_ms") if column not in measured]
    if lacking:
        raise Refused(
            f"{profile} has no column {', '.join(lacking)}: python -m scaling profile "
            f"{quote(str(profile.parent))} measures it again."
        )
    there = [column for column in OURS if column in measured]
    measured = measured[measured[there].notna().any(axis=1) & measured["device"].notna()]
    if measured.empty:
        return rows, ""
    device = str(measured["device"].iloc[-1])
    last = measured[measured["device"] == device].groupby("point").last()
    for theirs in there:
        values = last[theirs].astype(float)
        if theirs.startswith("train_step") and "batch_size" in last:
            values = values / last["batch_size"].astype(float)
        rows[OURS[theirs]] = rows["point"].map(values)
    return rows, device


def details(device: str) -> dict[str, str]:
    """What the values of each metric, by its name, were measured on, for `device`."""
    return {
        LATENCY.name: f"of one image on {device}",
        TRAIN_STEP.name: f"per image on {device}",
        MEMORY.name: f"of a training step on {device}",
    }
