"""A plan as CSV, with a row for each point, and as plain values for JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scaling.errors import Refused
from scaling.study.files import write_text, writing_below
from scaling.study.plan import Plan, Planned
from scaling.study.quantities import quantity
from scaling.study.totals import totals

_PLAN_AGAIN = "type the line that made the study again, with plan=true, to write it anew."


def write_plan(plan: Plan, path: Path) -> None:
    """Replace the file with the plan as CSV."""
    with writing_below(path.parent):
        write_text(path, as_csv(plan))


def read_plan(path: Path) -> list[dict[str, str]]:
    """The rows of a written plan, with every value as text; none if there is no such file.

    Raises Refused if the file is not a plan, for example after a power cut or an edit in a spreadsheet.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            rows, names = list(reader), reader.fieldnames or ()
    except FileNotFoundError:
        return []
    except (csv.Error, ValueError) as error:
        raise Refused(f"{path} is not a readable CSV ({error}): {_PLAN_AGAIN}") from error
    if not {"point", "action"} <= {*names} or not all(row["action"] for row in rows):
        raise Refused(f"{path} is not a plan, since not every row has a point and an action: {_PLAN_AGAIN}")
    return rows


def as_csv(plan: Plan) -> str:
    """CSV with a header and a row for each point; action and reason are the last columns."""
    return _csv(_rows(plan))


def as_one_csv(plans: Mapping[Path, Plan]) -> str:
    """The plans of several studies as one CSV with a column `study`; a single plan as in plan.csv."""
    if len(plans) == 1:
        return as_csv(next(iter(plans.values())))
    varied = tuple(dict.fromkeys(name for plan in plans.values() for name in _named(plan)))
    return _csv(
        [{"study": path, **row(entry, varied)} for path, plan in plans.items() for entry in plan.entries]
    )


def _rows(plan: Plan) -> list[dict[str, Any]]:
    named = _named(plan)  # once, as it looks at all points
    return [row(entry, named) for entry in plan.entries]


def _named(plan: Plan) -> tuple[str, ...]:
    """Columns for settings besides the axes: those that vary, and the start if any point has one."""
    has_starts = any(entry.point.start for entry in plan.entries)
    return (*plan.varied, *(["start.point"] if has_starts else []))


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_json(plan: Plan, study: Path) -> dict[str, Any]:
    """The plan of one study as plain values, with its totals."""
    sums = totals(plan)
    return {
        "study": str(study),
        "totals": {**asdict(sums), "waves": sums.waves, "sources": dict(sums.sources)},
        "limits": asdict(plan.limits),
        "losses": plan.losses,
        "num_repeats": plan.num_repeats,
        "labelling": [asdict(each) for each in plan.labelling],
        "points": [
            {name: None if value == "" else value for name, value in each.items()} for each in _rows(plan)
        ],
    }


def row(entry: Planned, varied: tuple[str, ...] = ()) -> dict[str, Any]:
    """One point as a flat row; `varied` names settings besides the axes."""
    point = entry.point
    hours = entry.hours
    return {
        "point": point.id,
        "setting": point.setting,
        "model": point.family,
        **point.axes,
        **{name: quantity(point, name) for name in varied},
        **asdict(point.cost),
        "memory_gb": float(f"{entry.memory_gb:.4g}"),
        "hours": "" if hours is None else float(f"{hours.hours:.6g}"),
        "hours_from": "" if hours is None else hours.source,
        "budget": "" if entry.matched is None else entry.matched.budget,
        "budget_error": "" if entry.matched is None else float(f"{entry.matched.error(point):.3g}"),
        "action": entry.action,
        "why": entry.why,
    }
