"""A replay table in a CSV file: the columns of an analysis source, with every value checked."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from launchers.replay.table import Ending, ReplayTable, Setting
from scaling.errors import Refused
from scaling.study.result import Failure

AXES = ("depth", "width", "resolution", "epochs")
ENDED = ("completed", "failed")
"""Values of `status` for points that have ended."""
UNENDED = ("pending", "running")
"""Values of `status` for points that have not ended; their rows are ignored."""
ROUNDING = 0.1
"""Largest deviation of top1 + error from 100, in points."""


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A row of the file: a setting, evaluated after some epoch."""

    setting: Setting
    epoch: int
    top1: float | None
    noise_sd: float
    failure: Failure | None
    message: str
    train_seconds: float | None


def read_csv(path: Path) -> ReplayTable:
    """The table in the file. Raises Refused if it cannot be read or has impossible values."""
    try:
        content = path.read_bytes()
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        cells = list(lines)
    except OSError as error:
        raise Refused(
            f"hydra.launcher.table={path} cannot be read ({error.strerror}): give a CSV file, or "
            "published:resnet_rs_2021."
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"hydra.launcher.table={path} is not a CSV file ({error}): give one.") from error
    _check_columns(path, list(lines.fieldnames or ()))
    told = [(each, row) for each in _named(path, cells) if (row := each.row()) is not None]
    if not told:
        raise Refused(
            f"hydra.launcher.table={path} has no row of a point that ended: one per point is needed."
        )
    _check_percent(path, [each for each, _ in told])
    return ReplayTable(
        source=str(path.absolute()),
        digest=hashlib.sha256(content).hexdigest()[:16],
        endings=_endings(path, [row for _, row in told]),
    )


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = [axis for axis in AXES if axis not in columns]
    if not {"top1", "error"} & set(columns):
        missing.append("top1 (or error)")
    if missing:
        raise Refused(
            f"hydra.launcher.table={path} has no column {', '.join(missing)}: it has "
            f"{', '.join(columns) or 'none'}."
        )
    if twice := [column for column, number in Counter(columns).items() if number > 1]:
        raise Refused(f"hydra.launcher.table={path} has two columns {twice[0]}: keep one.")


@dataclass(frozen=True)
class _Cells:
    """The texts of a row, and its place in the file."""

    place: str
    texts: Mapping[str, str]

    def row(self) -> _Row | None:
        """The parsed row; None for a point that has not ended."""
        status = self.text("status") or ("failed" if self.text("failure") else "completed")
        if status in UNENDED:
            return None
        if status not in ENDED:
            raise self.refusal("status", f"one of {', '.join((*ENDED, *UNENDED))}")
        epochs, seed = self.whole("epochs", least=1), self.text("seed")
        return _Row(
            setting=Setting(
                depth=self.positive("depth"),
                width=self.positive("width"),
                resolution=self.whole("resolution", least=1),
                epochs=epochs,
                seed=self.whole("seed", least=0) if seed else None,
            ),
            epoch=self.whole("epoch", least=1) if self.text("epoch") else epochs,
            top1=self.top1() if status == "completed" or self.text("top1") or self.text("error") else None,
            noise_sd=self.percent("noise_sd") if self.text("noise_sd") else 0.0,
            failure=self.failure() if status == "failed" else None,
            message=self.text("message"),
            train_seconds=self.positive("train_seconds") if self.text("train_seconds") else None,
        )

    def text(self, column: str) -> str:
        return (self.texts.get(column) or "").strip()

    def refusal(self, column: str, needed: str) -> Refused:
        shown = self.text(column) or "nothing"
        return Refused(f"{self.place} has {column}={shown}: {needed} is needed there.")

    def number(self, column: str, needed: str) -> float:
        try:
            value = float(self.text(column))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self.refusal(column, needed)
        return value

    def positive(self, column: str) -> float:
        value = self.number(column, "a positive number")
        if value <= 0:
            raise self.refusal(column, "a positive number")
        return value

    def whole(self, column: str, *, least: int) -> int:
        needed = f"a whole number of at least {least}"
        value = self.number(column, needed)
        if value != round(value) or value < least:
            raise self.refusal(column, needed)
        return int(value)

    def percent(self, column: str) -> float:
        value = self.number(column, "a percentage, 0 to 100,")
        if not 0 <= value <= 100:
            raise self.refusal(column, "a percentage, 0 to 100,")
        return value

    def top1(self) -> float:
        """Accuracy in percent, from the column `top1` if it has a value, else from `error`."""
        if not self.text("top1") and self.text("error"):
            return 100.0 - self.percent("error")
        top1 = self.percent("top1")
        if self.text("error") and abs(top1 + self.percent("error") - 100) > ROUNDING:
            raise self.refusal("error", f"100 - top1, {100 - top1:g},")
        return top1

    def failure(self) -> Failure:
        for known in get_args(Failure):
            if known == self.text("failure"):
                return known  # type: ignore[no-any-return]
        raise self.refusal("failure", f"one of {', '.join(get_args(Failure))}")


def _named(path: Path, lines: list[dict[str, str]]) -> Iterator[_Cells]:
    for number, texts in enumerate(lines, start=1):
        if None in texts:
            raise Refused(f"hydra.launcher.table={path}: row {number} has more values than columns.")
        yield _Cells(f"hydra.launcher.table={path}: row {number}", texts)


def _check_percent(path: Path, rows: list[_Cells]) -> None:
    """Raise Refused if all accuracies or all errors look like fractions."""
    for column in ("top1", "error"):
        largest = max((float(row.text(column)) for row in rows if row.text(column)), default=0.0)
        if 0 < largest <= 1:
            raise Refused(
                f"hydra.launcher.table={path} has no {column} above {largest:g}, so it looks like a "
                "fraction: multiply by 100, it is in percent."
            )


def _endings(path: Path, rows: list[_Row]) -> dict[Setting, Ending]:
    """The ending of each setting, from one or more rows with evaluations."""
    by_setting: defaultdict[Setting, dict[int, _Row]] = defaultdict(dict)
    for row in rows:
        known = by_setting[row.setting].setdefault(row.epoch, row)
        if known != row:
            when = "" if row.epoch == row.setting.epochs else f" at epoch {row.epoch}"
            raise Refused(
                f"hydra.launcher.table={path} has two different rows of {row.setting}{when} (top1 "
                f"{known.top1} and {row.top1}): keep one, or distinguish them by a column seed."
            )
    if len({setting.seed is None for setting in by_setting}) > 1:
        raise Refused(
            f"hydra.launcher.table={path} has a seed in some rows only: give all of them one, or none."
        )
    return {setting: _ending(path, setting, found) for setting, found in by_setting.items()}


def _ending(path: Path, setting: Setting, found: Mapping[int, _Row]) -> Ending:
    last = found[max(found)]
    if last.epoch > setting.epochs or (last.failure is None and last.epoch < setting.epochs):
        raise Refused(
            f"hydra.launcher.table={path}: the last row of {setting} is at epoch={last.epoch}, where "
            f"{setting.epochs} is needed."
        )
    return Ending(
        top1={epoch: row.top1 for epoch, row in sorted(found.items()) if row.top1 is not None},
        noise_sd=last.noise_sd,
        failure=last.failure,
        message=last.message,
        train_seconds=last.train_seconds,
    )
