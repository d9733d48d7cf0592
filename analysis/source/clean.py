"""Cleaning: raw rows as a table in numbers and percent, with the reason why a row is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from analysis.metric import LATENCY, MIOU, PROFILED, TOP1, Metric
from analysis.source.column import hint, numbers, require, require_percent, texts
from analysis.source.digest import setting_of
from analysis.table import (
    ACCURACY_COLUMNS,
    AXES,
    COST_COLUMNS,
    EXTRAPOLATED,
    EXTRAPOLATED_SD,
    FRAMES,
    HOURS_COLUMNS,
    KNOWN_COLUMNS,
    NUMBER_COLUMNS,
    STATUSES,
    STOPPED,
    TEXT_COLUMNS,
    Table,
    of_files,
    of_frames,
)
from scaling.errors import Refused

LARGEST = 2.0**53
"""Whole numbers are no longer exact as floats from here on."""
ROUNDING = 0.1
"""Points by which the sum of top1 and error may differ from 100."""
LARGEST_COST = 1e40
"""Costs from here on cannot be measurements and count as unknown."""


def build_table(
    raw: pd.DataFrame,
    *,
    name: str,
    source: str,
    profiled_of: Mapping[str, str] = MappingProxyType({}),
    profiled: Sequence[Metric] = (),
) -> Table:
    """Clean raw rows. Raises `Refused` for missing columns, values that are not numbers, and impossible
    values.

    NaN and infinite accuracies are not refused: such rows are left out with the reason `no_accuracy`.
    `profiled_of` says, by name of the metric, what the metrics of `metric.PROFILED` were measured on;
    `profiled` are further metrics.
    """
    rows = _parsed(raw, source)
    accuracy = MIOU if "miou" in rows and "top1" not in rows else TOP1
    rows["error"] = _error(rows, accuracy.column)
    rows[accuracy.column] = 100.0 - rows["error"]
    _fill_columns(rows)
    rows["setting"] = _setting(rows)
    rows["status"] = _status(rows)
    rows["left_out"] = _left_out(rows)
    rows["seed"] = _seed(rows)
    whole = ["resolution", "seed", *(["depth"] if (rows["depth"] % 1 == 0).all() else [])]
    rows = rows.astype(dict.fromkeys(whole, int)).copy()  # defragments the frame, which may have many columns
    rows = rows.sort_values([*AXES, "setting", "seed", "error"], kind="stable", ignore_index=True)
    return Table(
        name=name,
        source=source,
        rows=rows,
        accuracy=accuracy,
        latency_of=profiled_of.get(LATENCY.name, ""),
        profiled=_in_order((*_profiled(rows, profiled_of), *profiled)),
    )


def table_of(rows: Sequence[Mapping[str, object]], *, name: str) -> Table:
    """The table of a study's rows, given as mappings. Raises as `build_table` does."""
    return build_table(pd.DataFrame(rows), name=name, source=name)


def _parsed(raw: pd.DataFrame, source: str) -> pd.DataFrame:
    """The columns as numbers or texts, with the axes and the uncertainty checked."""
    _require_columns(raw, source)
    rows = pd.DataFrame(
        {name: (numbers if _is_number(name) else texts)(values) for name, values in raw.items()}
    )
    _check_axes(rows)
    if "top1_uncertainty" in rows:
        off = rows["top1_uncertainty"]
        require(off, off.isna() | off.between(0, 100), "a number of points from 0 to 100")
    return rows


def _fill_columns(rows: pd.DataFrame) -> None:
    """Add the columns that every table has, and make impossible costs NaN."""
    for column in (*COST_COLUMNS, *HOURS_COLUMNS):
        values = rows[column] if column in rows else pd.Series(np.nan, index=rows.index)
        rows[column] = values.where((values > 0) & (values < LARGEST_COST))
    for column in TEXT_COLUMNS:
        if column not in rows:
            rows[column] = None
    rows["data"] = _data(rows)


def _setting(rows: pd.DataFrame) -> pd.Series:
    """The setting of each row. Only rows of one setting are compared, so it includes the images evaluated on
    and the frames where these vary."""
    settings = setting_of(rows)
    if rows["evaluated_on"].nunique() > 1:
        settings = settings + " on " + rows["evaluated_on"].fillna("unknown").astype(str)
    if FRAMES in rows and rows[FRAMES].nunique() > 1:
        named = [of_frames(*each) for each in zip(settings, rows[FRAMES].fillna(0), strict=True)]
        settings = pd.Series(named, index=rows.index)
    return settings


def _data(rows: pd.DataFrame) -> pd.Series:
    """The name of each row's data set. Directories of one's own have one name whatever is in them, so where
    a study has several, or one that has changed, the start of their fingerprints tells them apart."""
    data = rows["data"].fillna("")
    if "fingerprint" not in rows or rows["fingerprint"].nunique() < 2:
        return data
    files = rows["fingerprint"].fillna(rows.groupby("setting")["fingerprint"].transform("first"))  # planned
    named = [of_files(*each) for each in zip(data, files.fillna("").astype(str), strict=True)]
    return pd.Series(named, index=rows.index)


def _profiled(rows: pd.DataFrame, of: Mapping[str, str]) -> tuple[Metric, ...]:
    """The metrics of `metric.PROFILED` that have values."""
    there = [each for each in PROFILED.values() if each.column in rows and rows[each.column].notna().any()]
    return tuple(replace(each, detail=of.get(each.name, "")) for each in there)


def _in_order(metrics: Sequence[Metric]) -> tuple[Metric, ...]:
    """The metrics in the order of PROFILED."""
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
        raise Refused(f"{source} has a header but no rows: it needs one row per point.")


def _is_number(column: object) -> bool:
    """Whether a column holds numbers. Accuracies at other resolutions than that of training (`top1@28`) and
    those of the run that a point starts from (`start.top1`) do."""
    name = str(column).removeprefix("start.")
    accuracy, at, _ = name.partition("@")
    return name in NUMBER_COLUMNS or bool(at and accuracy in ACCURACY_COLUMNS)


def _check_axes(rows: pd.DataFrame) -> None:
    for axis in AXES:
        values = rows[axis]
        good = (values > 0) & (values < LARGEST)
        if axis == "resolution":  # depth is not whole where it is a multiplier, as in EfficientNet
            require(values, good & (values.round() == values), "a positive whole number")
        require(values, good, "a positive number")


def _error(rows: pd.DataFrame, accuracy: str) -> pd.Series:
    """Error in percent; NaN where it was not measured. Where both are given, the accuracy takes
    precedence."""
    column = accuracy if accuracy in rows else "error"
    values = rows[column].where(np.isfinite(rows[column]))
    if column == accuracy and "error" in rows:
        sum_to_100 = ~((rows[accuracy] + rows["error"] - 100).abs() > ROUNDING)
        require(rows["error"], sum_to_100, f"100 - {accuracy}")
    require(values, ~((values < 0) | (values > 100)), "a percentage from 0 to 100")
    if "point" not in rows or rows["point"].isna().all():  # the unit is known in the rows of a study
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
    """The seed column; without one, rows of the same setting and axes count as repeats."""
    if "seed" in rows and rows["seed"].notna().all():
        seeds = rows["seed"]
        require(seeds, (seeds.abs() < LARGEST) & (seeds.round() == seeds), "a whole number")
        return seeds
    return rows.groupby(["setting", *AXES]).cumcount()
