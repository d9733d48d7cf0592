"""A table: one row a point, cleaned, with the reason why a row is left out of the science."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.metric import PROFILED, TOP1, Metric

AXES = ("depth", "width", "resolution", "epochs")
FRAMES = "frames"
"""Frames of a clip, a knob of videos only. Models of different frames are of different settings."""
EXTRAPOLATED, EXTRAPOLATED_SD = "extrapolated", "extrapolated_sd"
"""The accuracy that a point would have had which was stopped early, in percent, and the standard deviation of
that in points."""
COST_COLUMNS = ("flops", "params", "activations", "train_flops", "train_seconds", "latency_ms")
PROFILED_COLUMNS = tuple(
    column
    for metric in PROFILED.values()
    for column in (metric.column, *(metric.bounds or ()))
    if column not in COST_COLUMNS
)
"""What was measured of a network besides its latency, and with which intervals."""
HOURS_COLUMNS = ("predicted_hours", "actual_hours")
"""Hours of one device, in training steps and evaluations."""
STATUSES = ("pending", "running", "completed", "failed")
STOPPED = "stopped"
"""Why a row is left out of the results whose point was stopped early, and the end of its curve told."""

TEXT_COLUMNS = (
    "point",
    "model",
    "data",
    "recipe",
    "setting",
    "evaluated_on",
    "status",
    "failure",
    "message",
    "predicted_from",
)
ACCURACY_COLUMNS = ("top1", "test_top1", "miou", "test_miou", "error", "loss")
NUMBER_COLUMNS = (
    *AXES,
    *ACCURACY_COLUMNS,
    "top1_uncertainty",
    EXTRAPOLATED,
    EXTRAPOLATED_SD,
    "seed",
    FRAMES,
    *COST_COLUMNS,
    *HOURS_COLUMNS,
    "throughput",
    *PROFILED_COLUMNS,
)
KNOWN_COLUMNS = (*NUMBER_COLUMNS, *TEXT_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Printed:
    """What a source prints of two of its networks at about equal accuracy."""

    column: str
    """Column of the cost."""
    fast: str
    """Titles of the two."""
    slow: str
    times: float
    """The cost of `slow` over that of `fast`."""


@dataclass(frozen=True, kw_only=True)
class Table:
    name: str
    """Short name of the source: the study's, or the file's without its ending."""
    source: str
    """Where the rows came from, as it was typed."""
    rows: pd.DataFrame
    """Every row. `error` and the accuracy in percent; `left_out` is None for a usable row, else the
    reason."""
    accuracy: Metric = TOP1
    """What `error` is the rest of to 100 %."""
    latency_of: str = ""
    """What the latencies are of, such as `of one image on AMD EPYC, 1 thread`; empty where nothing says."""
    rerun_sd: float | None = None
    """Standard deviation of a row in points of top-1, declared by a source that has no repeats."""
    rerun_df: int | None = None
    """Degrees of freedom of `rerun_sd`: the number of runs repeated elsewhere that it comes from."""
    profiled: tuple[Metric, ...] = ()
    """What was measured of the networks, each with what it is of: times and memory, perhaps on several
    devices."""
    printed: tuple[Printed, ...] = ()
    """What the source itself says of pairs of its networks."""
    num_runs: int = 1
    """Trainings that each row is the mean of, where a source has means only."""
    compared_at: str = "flops"
    """The cost, of `metric.PRICES`, at which the source compares unless another is asked for."""

    @property
    def usable(self) -> pd.DataFrame:
        return self.rows[self.rows["left_out"].isna()]

    @property
    def informative(self) -> pd.DataFrame:
        """The usable rows and those of points that were stopped early, with their extrapolated error: what
        rules and laws rest on. `left_out` is `stopped` for the latter."""
        stopped = self.rows["left_out"] == STOPPED
        if not stopped.any():
            return self.usable
        error = self.rows["error"].where(~stopped, 100.0 - self.rows.get(EXTRAPOLATED, np.nan))
        return self.rows.assign(error=error)[self.rows["left_out"].isna() | stopped]

    def left_out(self) -> dict[str, int]:
        """How many rows are not used, by reason."""
        counts = self.rows["left_out"].dropna().value_counts()
        return {str(reason): int(counts[reason]) for reason in sorted(counts.index)}

    @cached_property
    def csv(self) -> bytes:
        """The rows as a CSV file."""
        return self.rows.to_csv(index=False).encode()

    def digest(self) -> str:
        """SHA-256 of the cleaned rows as CSV, 16 hex digits: the same numbers give the same digest."""
        return hashlib.sha256(self.csv).hexdigest()[:16]


def of_frames(setting: str, frames: float) -> str:
    """The setting of models that see so many frames, so that others are not compared with them."""
    return f"{setting} of {frames:g} frames"


def without_frames(setting: str) -> str:
    """The setting that models of all numbers of frames share."""
    return setting.rpartition(" of ")[0]


def knobs_of(rows: pd.DataFrame) -> tuple[str, ...]:
    """The axes, and the frames where clips have several numbers of them."""
    return (*AXES, FRAMES) if FRAMES in rows and rows[FRAMES].nunique() > 1 else AXES
