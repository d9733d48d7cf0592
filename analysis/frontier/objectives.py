"""Objectives: what points are compared in, any number of them, each with a direction."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.metric import OBJECTIVES, Metric
from analysis.noise import GROUP, Floats, group_seeds
from analysis.noise_estimate import seed_noise
from analysis.replicates import draw_errors
from analysis.source.clean import build_table
from analysis.source.column import numbers
from analysis.source.source import read_rows, read_source
from analysis.table import AXES, Table
from scaling.errors import Refused
from scaling.quantity import counted

ACCURACIES = ("top1", "error")
WAYS = {"max": "maximise", "min": "minimise"}
_DIGITS = 12
"""Digits of a mean over seeds: equal means of different numbers may differ by rounding."""


@dataclass(frozen=True, kw_only=True)
class Objectives:
    source: str
    metrics: tuple[Metric, ...]
    """Two or more metrics."""
    points: pd.DataFrame
    """What competes: the models of a table (means over their seeds), or the rows of a file that does not
    describe models. `data` is the data set; data sets do not compete."""
    names: tuple[str, ...]
    """Columns that identify a point."""
    draws: Floats | None
    """Replicates of the errors of the points, [replicates, points] in percent; None where seed noise is not
    measured."""
    notes: tuple[str, ...]
    """Remarks on how the source was read, in sentences."""

    def values(self) -> Floats:
        """[points, objectives], values."""
        return self.points[[metric.column for metric in self.metrics]].to_numpy(dtype=float)


def parse_objectives(text: str) -> tuple[Metric, ...]:
    """The metrics of a text such as `top1,flops:min,infer_samples_per_sec:max`.

    Each is a name of OBJECTIVES, or any numeric column with its direction. Raises `Refused` for fewer than
    two metrics, a repeated one, and a missing or unknown direction.
    """
    words = [word.strip() for word in text.split(",")]
    if "" in words:
        raise Refused(f"--objectives {text!r} lacks a name: give two or more, such as top1,flops,params.")
    metrics = tuple(map(_metric, words))
    columns = [metric.column for metric in metrics]
    if len(metrics) < 2 or len(set(columns)) < len(columns) or set(ACCURACIES) <= set(columns):
        raise Refused(f"--objectives {text}: give two or more that differ, such as top1,flops,params.")
    return metrics


def read_objectives(
    source: str | Path, metrics: Sequence[Metric], mapping: Mapping[str, str] | None = None
) -> Objectives:
    """Read the values of the points of a source in these objectives.

    A file needs only their columns: where it lacks the columns of a table of models (depth, width,
    resolution, epochs, top1), its rows are compared as they are. Raises `Refused` as `read_source` does.
    """
    path = Path(source)
    if not path.is_file():
        return _of_table(read_source(source, mapping), metrics)
    rows = read_rows(path, mapping or {})
    missing = [axis for axis in AXES if axis not in rows]
    missing += [] if set(ACCURACIES) & set(rows) else ["top1 (or error)"]
    if missing:
        return _of_rows(rows, metrics, str(source), missing)
    return _of_table(build_table(rows, name=path.stem, source=str(source)), metrics)


def _metric(word: str) -> Metric:
    name, colon, way = word.partition(":")
    if colon and way not in WAYS:
        raise Refused(f"--objectives {word}: write {name}:max or {name}:min.")
    by_column = {metric.column: metric for metric in OBJECTIVES.values()}
    known = OBJECTIVES.get(name) or by_column.get(name)
    if known is None and not colon:
        near = difflib.get_close_matches(name, OBJECTIVES, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise Refused(
            f"--objectives {word}: {hint}known are {', '.join(OBJECTIVES)}; for another column say which "
            f"direction is better, {name}:max or {name}:min."
        )
    if known is None:
        known = Metric(name=name, column=name, label=name, unit="", direction="minimise", transform="linear")
    return replace(known, direction="maximise" if way == "max" else "minimise") if way else known


def _of_table(table: Table, metrics: Sequence[Metric]) -> Objectives:
    usable = table.usable
    if usable.empty:
        raise Refused(f"{table.source} has no completed point: there is nothing to compare yet.")
    groups = group_seeds(usable).assign(top1=lambda rows: 100.0 - rows["error"])
    for column in _require(usable, metrics, table.source):
        if column not in groups:
            means = usable.assign(value=numbers(usable[column])).groupby(list(GROUP))["value"].mean()
            of_groups = means.reindex(pd.MultiIndex.from_frame(groups[list(GROUP)]))
            groups[column] = [float(f"{mean:.{_DIGITS}g}") for mean in of_groups]
    noise = seed_noise(groups)
    asks_accuracy = bool({metric.column for metric in metrics} & set(ACCURACIES))
    draws = draw_errors(groups, noise) if asks_accuracy and noise.kind == "seeds" else None
    notes = [] if draws is not None or not asks_accuracy else ["Seed noise is unknown: no point has repeats."]
    return _kept(table.source, metrics, groups, (*AXES, "num_seeds"), draws, notes)


def _of_rows(
    rows: pd.DataFrame, metrics: Sequence[Metric], source: str, missing: Sequence[str]
) -> Objectives:
    columns = _require(rows, metrics, source)
    others = [str(name) for name in rows if name not in columns and rows[name].notna().any()]
    texts = [name for name in others if pd.to_numeric(rows[name], errors="coerce").isna().all()]
    points = rows.assign(**{column: numbers(rows[column]) for column in columns})
    points["data"] = points["data"].fillna("").astype(str) if "data" in points else ""
    if not texts:
        points["row"] = np.arange(1, len(points) + 1)
    note = (
        f"{source} has no column {', '.join(missing)}: its rows are compared as they are; seed noise and "
        "rules need these columns."
    )
    return _kept(source, metrics, points, (texts[0] if texts else "row",), None, [note])


def _require(rows: pd.DataFrame, metrics: Sequence[Metric], source: str) -> list[str]:
    columns = [metric.column for metric in metrics]
    absent = [column for column in columns if column not in rows or rows[column].isna().all()]
    if absent:
        has = ", ".join(str(column) for column in rows if rows[column].notna().any())
        raise Refused(
            f"{source} has no numbers in {', '.join(absent)}: it has {has} (or name it with --map)."
        )
    return columns


def _kept(
    source: str,
    metrics: Sequence[Metric],
    points: pd.DataFrame,
    names: tuple[str, ...],
    draws: Floats | None,
    notes: list[str],
) -> Objectives:
    """The objectives without the points that lack one, which are counted in a note."""
    finite = np.isfinite(points[[metric.column for metric in metrics]].to_numpy(dtype=float)).all(axis=1)
    if not finite.any():
        raise Refused(f"{source} has no row with a number for all of {', '.join(m.name for m in metrics)}.")
    if not finite.all():
        notes = [
            *notes,
            f"{counted((~finite).sum(), 'row')} of {len(points)} left out: an objective is not a number.",
        ]
    return Objectives(
        source=source,
        metrics=tuple(metrics),
        points=points[finite].reset_index(drop=True),
        names=names,
        draws=None if draws is None else draws[:, finite],
        notes=tuple(notes),
    )
