"""A table: one row a point, cleaned, with the reason why a row is left out of the science."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from scaling.errors import Refused

AXES = ("depth", "width", "resolution", "epochs")
COST_COLUMNS = ("flops", "params", "activations", "train_flops", "train_seconds", "latency_ms")
HOURS_COLUMNS = ("predicted_hours", "actual_hours")
"""Of one device, in training steps and evaluations."""
STATUSES = ("pending", "running", "completed", "failed")
LARGEST = 2.0**53
"""Whole numbers from here on are no longer exact."""
LARGEST_COST = 1e40
"""Costs from here on are no measurement, and count as unknown."""

NOT_A_NUMBER = ("", "nan", "na", "null", "none")
"""Words for a value that is not known."""

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
ACCURACY_COLUMNS = ("top1", "test_top1", "error", "loss")
NUMBER_COLUMNS = (
    *AXES,
    *ACCURACY_COLUMNS,
    "top1_uncertainty",
    "seed",
    *COST_COLUMNS,
    *HOURS_COLUMNS,
    "throughput",
)
KNOWN_COLUMNS = (*NUMBER_COLUMNS, *TEXT_COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Table:
    name: str
    """Short name of the source: the study's, or the file's without its ending."""
    source: str
    """Where the rows came from, as it was typed."""
    rows: pd.DataFrame
    """Every row. `error` and `top1` in percent; `left_out` is None for a usable row, else the reason."""
    latency_of: str = ""
    """What the latencies are of, such as `of one image on AMD EPYC, 1 thread`; empty where nothing says."""
    rerun_sd: float | None = None
    """Standard deviation of a run in points of top-1, declared by a source that has no repeats."""
    rerun_df: int | None = None
    """Degrees of freedom of `rerun_sd`: the number of runs repeated elsewhere that it comes from."""
    compared_at: str = "flops"
    """The cost, of `metric.PRICES`, at which the source compares unless another is asked for."""

    @property
    def usable(self) -> pd.DataFrame:
        return self.rows[self.rows["left_out"].isna()]

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
    latency_of: str = "",
    rerun_sd: float | None = None,
    rerun_df: int | None = None,
) -> Table:
    """Clean raw rows. Raises `Refused` for missing columns, values that are no numbers, and impossible
    values.

    NaN and infinite accuracies are not refused: such a row is left out, with the reason `no_accuracy`.
    """
    _require_columns(raw, source)
    rows = pd.DataFrame(index=raw.index)
    for column in raw.columns:
        rows[column] = numbers(raw[column]) if _is_number(column) else _texts(raw[column])
    _check_axes(rows)
    rows["error"] = _error(rows)
    rows["top1"] = 100.0 - rows["error"]
    for column in (*COST_COLUMNS, *HOURS_COLUMNS):
        values = rows[column] if column in rows else pd.Series(np.nan, index=rows.index)
        rows[column] = values.where((values > 0) & (values < LARGEST_COST))
    for column in TEXT_COLUMNS:
        if column not in rows:
            rows[column] = None
    rows["data"] = rows["data"].fillna("")
    rows["setting"] = _setting(rows)
    if rows["evaluated_on"].nunique() > 1:
        rows["setting"] += " on " + rows["evaluated_on"].fillna("unknown").astype(str)
    rows["status"] = _status(rows)
    rows["left_out"] = _left_out(rows)
    rows["seed"] = _seed(rows)
    whole = ["resolution", "seed", *(["depth"] if (rows["depth"] % 1 == 0).all() else [])]
    rows = rows.astype(dict.fromkeys(whole, int))
    rows = rows.sort_values([*AXES, "setting", "seed", "error"], kind="stable", ignore_index=True)
    return Table(
        name=name, source=source, rows=rows, latency_of=latency_of, rerun_sd=rerun_sd, rerun_df=rerun_df
    )


def table_of(rows: Sequence[Mapping[str, object]], *, name: str) -> Table:
    """The table of plain rows, as a study has them; raises as `build_table` does."""
    return build_table(pd.DataFrame(rows), name=name, source=name)


def _require_columns(raw: pd.DataFrame, source: str) -> None:
    missing = [axis for axis in AXES if axis not in raw]
    if "top1" not in raw and "error" not in raw:
        missing.append("top1 (or error)")
    if missing:
        hints = [_hint(name.split()[0], raw) for name in missing]
        raise Refused(
            f"{source} has no column {', '.join(missing)}{''.join(hints)}: it has "
            f"{', '.join(map(str, raw.columns)) or 'none'}; known columns are {', '.join(KNOWN_COLUMNS)}."
        )
    if not len(raw):
        raise Refused(f"{source} has a header but no rows: one row a point is needed.")


def _hint(missing: str, raw: pd.DataFrame) -> str:
    near = difflib.get_close_matches(missing, [str(column) for column in raw.columns], n=1, cutoff=0.5)
    return f" (--map {missing}={near[0]}?)" if near else ""


def _is_number(column: object) -> bool:
    """Whether it has numbers, as an accuracy at another resolution than that of training has: `top1@28`."""
    accuracy, at, _ = str(column).partition("@")
    return column in NUMBER_COLUMNS or bool(at and accuracy in ACCURACY_COLUMNS)


def numbers(values: pd.Series) -> pd.Series:
    """A column as floats, thousands commas and all; refuses a text that is no number, naming its row."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf":  # nothing to clean
        return values.astype(float)
    given = values.astype(object).where(values.notna(), None).to_numpy()
    found = np.asarray(pd.to_numeric(given, errors="coerce"), dtype=float)
    unread = np.flatnonzero(np.isnan(found) & values.notna().to_numpy())
    cleaned = [_cleaned(value) for value in given[unread]]
    found[unread] = pd.to_numeric(np.array(cleaned, dtype=object), errors="coerce")
    for row, value in zip(unread, cleaned, strict=True):
        if value is not None and np.isnan(found[row]):
            raise Refused(f"row {row + 1} has {values.name} = {given[row]!r}: a number is needed there.")
    return pd.Series(found, index=values.index)


def _cleaned(value: object) -> object:
    """1,234,567.8 as a number; any other comma stays, and is refused: it may be a decimal one."""
    text = str(value).strip()
    if text.lower() in NOT_A_NUMBER:
        return None
    return text.replace(",", "") if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", text) else text


def _texts(values: pd.Series) -> pd.Series:
    return values.astype(object).where(values.notna() & (values.astype(object) != ""), None)


def _check_axes(rows: pd.DataFrame) -> None:
    for axis in AXES:
        whole = axis == "resolution"  # depth is a multiplier in families such as EfficientNet
        values = rows[axis]
        good = (values > 0) & (values < LARGEST)
        if whole:
            good &= values.round() == values
        if not good.all():
            row = int(np.flatnonzero(~good)[0])
            kind = "a positive whole number" if whole else "a positive number"
            raise Refused(f"row {row + 1} has {axis} = {values.iloc[row]:g}: {kind} is needed there.")


def _error(rows: pd.DataFrame) -> pd.Series:
    """Top-1 error in percent; NaN where it was not measured. top1 is believed before error."""
    column = "top1" if "top1" in rows else "error"
    values = rows[column].where(np.isfinite(rows[column]))
    outside = (values < 0) | (values > 100)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise Refused(
            f"row {row + 1} has {column} = {values.iloc[row]:g}: a percentage, 0 to 100, is needed."
        )
    units_are_ours = "point" in rows and rows["point"].notna().any()
    if not units_are_ours and 0 < values.max() <= 1:
        raise Refused(
            f"{column} lies between 0 and 1 in every row, so it looks like a fraction: multiply it by 100, "
            f"{column} is in percent{'; if it is already, give top1 = 100 - error' * (column == 'error')}."
        )
    return 100.0 - values if column == "top1" else values


def _setting(rows: pd.DataFrame) -> pd.Series:
    """The digest of everything that decides a result but the axes and the seed; made here when it is
    absent."""
    if rows["setting"].notna().any():
        return rows["setting"].fillna("none").astype(str)
    columns = ["model", "data", "recipe", *sorted(str(column) for column in rows if "." in str(column))]
    frame = rows[columns].astype(object)
    kinds = frame.groupby(columns, sort=False, dropna=False).ngroup().to_numpy()
    first = frame.iloc[np.unique(kinds, return_index=True)[1]].itertuples(index=False, name=None)
    digests = [hashlib.sha256(repr(values).encode()).hexdigest()[:8] for values in first]
    return pd.Series(np.array(digests, dtype=object)[kinds], index=rows.index)


def _status(rows: pd.DataFrame) -> pd.Series:
    status = rows["status"].fillna("completed").astype(str)
    unknown = ~status.isin(STATUSES)
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        raise Refused(f"row {row + 1} has status = {status.iloc[row]!r}: it is one of {', '.join(STATUSES)}.")
    return status


def _left_out(rows: pd.DataFrame) -> pd.Series:
    reason = rows["status"].astype(object).where(rows["status"] != "completed", None)
    return reason.where(reason.notna() | rows["error"].notna(), "no_accuracy")


def _seed(rows: pd.DataFrame) -> pd.Series:
    """The seed column; without one, rows of one setting and architecture count as repeats of each other."""
    if "seed" in rows and rows["seed"].notna().all():
        seeds = rows["seed"]
        good = (seeds.abs() < LARGEST) & (seeds.round() == seeds)
        if not good.all():
            row = int(np.flatnonzero(~good)[0])
            raise Refused(f"row {row + 1} has seed = {seeds.iloc[row]:g}: a whole number is needed there.")
        return seeds
    return rows.groupby(["setting", *AXES]).cumcount()
