"""A sheet: a table of the report with texts as cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.frontier.frontier import STANDINGS, Frontier
from analysis.prediction.prediction import FEWEST_NETWORKS, Prediction, hours_text, ratio_text
from analysis.table import AXES, Table, knobs_of

MAX_ROWS = 200
"""Maximum number of rows of a table for people; the CSV files have all rows."""


@dataclass(frozen=True)
class Sheet:
    title: str
    note: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    num_rows: int | None = None
    """Number of rows in total, where `rows` has only the first of them."""
    topic: str = ""
    """The topic of `basis.bases` on which it rests."""

    @property
    def full_note(self) -> str:
        """The note, with the number of rows that are left out."""
        if self.num_rows is None or self.num_rows <= len(self.rows):
            return self.note
        return f"{self.note} The first {len(self.rows)} of {self.num_rows} rows."


def frontier_sheet(frontier: Frontier) -> Sheet:
    """The frontier and the models within noise of it, cheapest first."""
    near = frontier.members[frontier.members["standing"].isin(["frontier", "within_noise"])]
    rows, knobs, apart = [], knobs_of(frontier.members), frontier.settings
    told = ["data"] if near["data"].nunique() > 1 else []  # each data set has a frontier of its own
    for _, row in near.iloc[:MAX_ROWS].iterrows():
        chance = "unknown" if pd.isna(row["probability"]) else f"{row['probability']:.0%}"
        standing = "frontier" if row["standing"] == "frontier" else "within noise"
        axes = tuple(f"{row[axis]:g}" for axis in knobs)
        cost = frontier.cost.text(row[frontier.cost.column])
        data = tuple(str(row[name]) for name in told)
        setting = tuple(apart.loc[row["setting"]]) if len(apart.columns) else ()
        number = f"{row['num_seeds']:g}"
        rows.append((*data, cost, f"{row['error']:.2f}", *axes, *setting, number, standing, chance))
    head = (
        *told,
        frontier.cost.label,
        "error (%)",
        *knobs,
        *apart.columns,
        "seeds",
        "standing",
        "probability",
    )
    note = f"Within noise: {STANDINGS['within_noise']}. Probability: that the true mean is on the frontier."
    if "setting" in apart:
        note += " Setting: too many columns differ to be shown here; table.csv has them, by the same name."
    return Sheet(
        f"Frontier: error against {frontier.cost.full_label}", note, head, rows, len(near), "frontier"
    )


def failure_sheet(table: Table) -> Sheet:
    """The failed points, and why they failed."""
    failed = table.rows[table.rows["status"] == "failed"]
    rows = [
        (
            _text(row["point"]),
            *(f"{row[axis]:g}" for axis in AXES),
            f"{row['seed']}",
            _text(row["failure"]),
            _text(row["message"]),
        )
        for _, row in failed.iloc[:MAX_ROWS].iterrows()
    ]
    head = ("point", *AXES, "seed", "failure", "message")
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return Sheet(
        "Failed points",
        "They are left out of every number.",
        tuple(head[place] for place in kept),
        [tuple(row[place] for place in kept) for row in rows],
        len(failed),
        "missing",
    )


def prediction_sheet(found: Prediction) -> Sheet:
    """Predicted against actual hours, one row per source and, where there are several, one for all."""
    shown = [*found.by_source, *([found.overall] if len(found.by_source) > 1 else [])]
    rows = [
        (
            each.source,
            str(each.num_points),
            str(each.num_networks),
            hours_text(each.predicted_hours),
            hours_text(each.actual_hours),
            ratio_text(each.ratio),
            "unknown" if each.ci95 is None else "–".join(map(ratio_text, each.ci95)),
            "–".join(map(ratio_text, each.range90)),
        )
        for each in shown
    ]
    note = (
        "Hours of training steps and evaluations on one device, predicted from results of equal steps, from "
        "measured steps, from the speed model scaled to these, or from specifications alone. Ratio: actual "
        "over predicted, median over the points, with a 95 % interval from resampled networks where there "
        f"are {FEWEST_NETWORKS} or more."
    )
    head = (
        "from",
        "points",
        "networks",
        "predicted (h)",
        "actual (h)",
        "ratio",
        "95 % of the median",
        "90 % of points",
    )
    return Sheet("Hours: predicted against actual", note, head, rows, topic="hours")


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]
