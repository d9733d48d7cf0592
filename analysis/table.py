"""A table: one cleaned row per point, with the reason why a row is left out of the analysis."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.metric import PROFILED, TOP1, Metric

AXES = ("depth", "width", "resolution", "epochs")
FRAMES = "frames"
"""Frames of a clip: a knob of video studies only. Models with different numbers of frames belong to different
settings."""
EXTRAPOLATED, EXTRAPOLATED_SD = "extrapolated", "extrapolated_sd"
"""Extrapolated accuracy in percent of a point that was stopped early, and its standard deviation in
points."""
COST_COLUMNS = ("flops", "params", "activations", "train_flops", "train_seconds", "latency_ms")
PROFILED_COLUMNS = tuple(
    column
    for metric in PROFILED.values()
    for column in (metric.column, *(metric.bounds or ()))
    if column not in COST_COLUMNS
)
"""What was measured of a network besides its latency, and the interval bounds of these."""
HOURS_COLUMNS = ("predicted_hours", "actual_hours")
"""Hours of training steps and evaluations on one device."""
STATUSES = ("pending", "running", "completed", "failed")
STOPPED = "stopped"
"""Reason for leaving out a point that was stopped early and has an extrapolated accuracy."""

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
    """The ratio that a source prints for two of its networks of about equal accuracy."""

    column: str
    """Column of the cost."""
    fast: str
    """Title of the cheaper network, as that of `slow` is of the other."""
    slow: str
    times: float
    """Cost of `slow` over the cost of `fast`."""


@dataclass(frozen=True, kw_only=True)
class Table:
    name: str
    """Short name of the source: the study's name, or the file's without its suffix."""
    source: str
    """Where the rows came from, as the user typed it."""
    rows: pd.DataFrame
    """All rows. `error` and the accuracy are in percent; `left_out` is None for a usable row, else the
    reason."""
    accuracy: Metric = TOP1
    """The accuracy that `error` complements to 100 %."""
    latency_of: str = ""
    """What the latencies measure, such as `of one image on AMD EPYC, 1 thread`; empty where it is not
    stated."""
    rerun_sd: float | None = None
    """Standard deviation of one run in top-1 points, as declared by a source without repeats."""
    rerun_df: int | None = None
    """Degrees of freedom of `rerun_sd`, from the runs that were repeated elsewhere to estimate it."""
    profiled: tuple[Metric, ...] = ()
    """Times and memory that were measured of the networks, possibly on several devices; `detail` says of
    what."""
    printed: tuple[Printed, ...] = ()
    """What the source itself prints about pairs of its networks."""
    num_runs: int = 1
    """Number of training runs that each row averages, for a source that has only means."""
    compared_at: str = "flops"
    """The cost, one of `metric.PRICES`, at which networks are compared by default."""

    @property
    def usable(self) -> pd.DataFrame:
        return self.rows[self.rows["left_out"].isna()]

    @property
    def informative(self) -> pd.DataFrame:
        """The usable rows and those of points that were stopped early (`left_out` is `stopped`), the latter
        with their extrapolated error: the basis of rules and laws."""
        stopped = self.rows["left_out"] == STOPPED
        if not stopped.any():
            return self.usable
        error = self.rows["error"].where(~stopped, 100.0 - self.rows.get(EXTRAPOLATED, np.nan))
        return self.rows.assign(error=error)[self.rows["left_out"].isna() | stopped]

    def left_out(self) -> dict[str, int]:
        """Number of rows left out, by reason."""
        counts = self.rows["left_out"].dropna().value_counts()
        return {str(reason): int(counts[reason]) for reason in sorted(counts.index)}

    @cached_property
    def csv(self) -> bytes:
        """The rows as a CSV file."""
        return self.rows.to_csv(index=False).encode()

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of the cleaned rows as CSV: equal numbers give equal digests."""
        return hashlib.sha256(self.csv).hexdigest()[:16]


def of_files(data: str, fingerprint: str) -> str:
    """The name of a data set, where a study has several sets of files under one name."""
    return f"{data} {fingerprint[:8]}".strip()


def of_frames(setting: str, frames: float) -> str:
    """The setting of models with this number of frames; only models of one setting are compared."""
    return f"{setting} of {frames:g} frames"


def without_frames(setting: str) -> str:
    """The setting shared by models with any number of frames: the inverse of `of_frames`."""
    return setting.rpartition(" of ")[0]


def knobs_of(rows: pd.DataFrame) -> tuple[str, ...]:
    """The axes, and the frames if the rows have several numbers of them."""
    return (*AXES, FRAMES) if FRAMES in rows and rows[FRAMES].nunique() > 1 else AXES
