"""A table: one row a point, cleaned, with the reason why a row is left out of the science."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pandas as pd

from analysis.column import hint, numbers, require, require_percent, texts
from analysis.digest import setting_of
from analysis.metric import LATENCY, MIOU, PROFILED, TOP1, Metric
from scaling.errors import Refused

AXES = ("depth", "width", "resolution", "epochs")
FRAMES = "frames"
"""Of a clip: a knob of studies of videos alone. Models of different frames are of different settings."""
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
"""Of one device, in training steps and evaluations."""
STATUSES = ("pending", "running", "completed", "failed")
STOPPED = "stopped"
"""Why a row is left out of the results whose point was stopped early, and the end of its curve told."""
LARGEST = 2.0**53
"""Whole numbers from here on are no longer exact."""
ROUNDING = 0.1
"""Points by which top1 and error together may miss 100."""
LARGEST_COST = 1e40
"""Costs from here on are no measurement, and count as unknown."""

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
    """Of the cost."""
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


def build_table(
    raw: pd.DataFrame,
    *,
    name: str,
    source: str,
    profiled_of: Mapping[str, str] = MappingProxyType({}),
    profiled: Sequence[Metric] = (),
    printed: tuple[Printed, ...] = (),
    rerun_sd: float | None = None,
    rerun_df: int | None = None,
) -> Table:
    """Clean raw rows. Raises `Refused` for missing columns, values that are no numbers, and impossible
    values.

    NaN and infinite accuracies are not refused: such a row is left out, with the reason `no_accuracy`.
    `profiled_of` says by name what the metrics of `metric.PROFILED` are of; `profiled` are others besides.
    """
    _require_columns(raw, source)
    rows = pd.DataFrame(
        {name: (numbers if _is_number(name) else texts)(values) for name, values in raw.items()}
    )
    _check_axes(rows)
    if "top1_uncertainty" in rows:
        off = rows["top1_uncertainty"]
        require(off, off.isna() | off.between(0, 100), "a number of points, 0 to 100,")
    accuracy = MIOU if "miou" in rows and "top1" not in rows else TOP1
    rows["error"] = _error(rows, accuracy.column)
    rows[accuracy.column] = 100.0 - rows["error"]
    for column in (*COST_COLUMNS, *HOURS_COLUMNS):
        values = rows[column] if column in rows else pd.Series(np.nan, index=rows.index)
        rows[column] = values.where((values > 0) & (values < LARGEST_COST))
    for column in TEXT_COLUMNS:
        if column not in rows:
            rows[column] = None
    rows["data"] = rows["data"].fillna("")
    rows["setting"] = setting_of(rows)
    if rows["evaluated_on"].nunique() > 1:
        rows["setting"] += " on " + rows["evaluated_on"].fillna("unknown").astype(str)
    if FRAMES in rows and rows[FRAMES].nunique() > 1:
        rows["setting"] = [
            of_frames(*each) for each in zip(rows["setting"], rows[FRAMES].fillna(0), strict=True)
        ]
    rows["status"] = _status(rows)
    rows["left_out"] = _left_out(rows)
    rows["seed"] = _seed(rows)
    whole = ["resolution", "seed", *(["depth"] if (rows["depth"] % 1 == 0).all() else [])]
    rows = rows.astype(dict.fromkeys(whole, int)).copy()  # in few blocks, however many columns there are
    rows = rows.sort_values([*AXES, "setting", "seed", "error"], kind="stable", ignore_index=True)
    return Table(
        name=name,
        source=source,
        rows=rows,
        accuracy=accuracy,
        latency_of=profiled_of.get(LATENCY.name, ""),
        profiled=_in_order((*_profiled(rows, profiled_of), *profiled)),
        printed=printed,
        rerun_sd=rerun_sd,
        rerun_df=rerun_df,
    )


def of_frames(setting: str, frames: float) -> str:
    """The setting of models that see so many frames, so that others are not compared with them."""
    return f"{setting} of {frames:g} frames"


def without_frames(setting: str) -> str:
    """The setting that models of all numbers of frames share."""
    return setting.rpartition(" of ")[0]


def knobs_of(rows: pd.DataFrame) -> tuple[str, ...]:
    """The axes, and the frames where clips have several numbers of them."""
    return (*AXES, FRAMES) if FRAMES in rows and rows[FRAMES].nunique() > 1 else AXES


def table_of(rows: Sequence[Mapping[str, object]], *, name: str) -> Table:
    """The table of plain rows, as a study has them; raises as `build_table` does."""
    return build_table(pd.DataFrame(rows), name=name, source=name)


def _profiled(rows: pd.DataFrame, of: Mapping[str, str]) -> tuple[Metric, ...]:
    """The metrics of `metric.PROFILED` that have values."""
    there = [each for each in PROFILED.values() if each.column in rows and rows[each.column].notna().any()]
    return tuple(replace(each, detail=of.get(each.name, "")) for each in there)


def _in_order(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """As PROFILED has them."""
    return tuple(sorted(metrics, key=lambda each: list(PROFILED).index(each.name)))


def _require_columns(raw: pd.DataFrame, source: str) -> None:
    missing = [axis for axis in AXES if axis not in raw]
    if not {"top1", "miou", "error"} & set(raw):
        missing.append("top1 (or error)")
    if missing:
        raise Refused(
            f"{source} has no column {', '.join(missing)}{hint(missing, raw, KNOWN_COLUMNS)}: it has "
            f"{', '.join(map(str, raw.columns)) or 'none'}; known columns are {', '.join(KNOWN_COLUMNS)}."
        )
    if not len(raw):
        raise Refused(f"{source} has a header but no rows: one row a point is needed.")


def _is_number(column: object) -> bool:
    """Whether it has numbers, as an accuracy at another resolution than that of training has, `top1@28`, and
    that of what a point begins from, `start.top1`."""
    name = str(column).removeprefix("start.")
    accuracy, at, _ = name.partition("@")
    return name in NUMBER_COLUMNS or bool(at and accuracy in ACCURACY_COLUMNS)


def _check_axes(rows: pd.DataFrame) -> None:
    for axis in AXES:
        values = rows[axis]
        good = (values > 0) & (values < LARGEST)
        if axis == "resolution":  # depth is a multiplier in families such as EfficientNet
            require(values, good & (values.round() == values), "a positive whole number")
        require(values, good, "a positive number")


def _error(rows: pd.DataFrame, accuracy: str) -> pd.Series:
    """Error in percent; NaN where it was not measured. The accuracy is believed before the error."""
    column = accuracy if accuracy in rows else "error"
    values = rows[column].where(np.isfinite(rows[column]))
    if column == accuracy and "error" in rows:
        sum_to_100 = ~((rows[accuracy] + rows["error"] - 100).abs() > ROUNDING)
        require(rows["error"], sum_to_100, f"100 - {accuracy}")
    require(values, ~((values < 0) | (values > 100)), "a percentage, 0 to 100,")
    if "point" not in rows or rows["point"].isna().all():  # of a study, the unit is known
        require_percent(values)
    return 100.0 - values if column == accuracy else values


def _status(rows: pd.DataFrame) -> pd.Series:
    status = rows["status"].fillna("completed").astype(str)
    require(status, status.isin(STATUSES), f"one of {', '.join(STATUSES)}")
    return status


def _left_out(rows: pd.DataFrame) -> pd.Series:
    reason = rows["status"].astype(object).where(rows["status"] != "completed", None)
    reason = reason.where(reason.notna() | rows["error"].notna(), "no_accuracy")
    if EXTRAPOLATED not in rows or EXTRAPOLATED_SD not in rows:
        return reason
    told = rows[EXTRAPOLATED].between(0, 100) & (rows[EXTRAPOLATED_SD] > 0)
    return reason.where((rows["failure"] != "dominated") | ~told, STOPPED)


def _seed(rows: pd.DataFrame) -> pd.Series:
    """The seed column; without one, rows of one setting and architecture count as repeats of each other."""
    if "seed" in rows and rows["seed"].notna().all():
        seeds = rows["seed"]
        require(seeds, (seeds.abs() < LARGEST) & (seeds.round() == seeds), "a whole number")
        return seeds
    return rows.groupby(["setting", *AXES]).cumcount()
