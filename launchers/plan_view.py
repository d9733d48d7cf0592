"""A plan as a person sees it: what it would cost, what was left out, and a table of its points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scaling.profile.forecast import Calibration, Source
from scaling.quantity import count_text, duration_text
from scaling.study.plan import Plan, Planned
from scaling.study.plan_file import row
from scaling.study.totals import Totals, totals

ROWS_AT_MOST = 60
"""Rows of the table on the screen; plan.csv has all."""
NAMED_AT_MOST = 10

_EVIDENCE: dict[Source, str] = {
    "results": "from results of this study",
    "measured": "measured on this device",
    "calibrated": "from the speed model, scaled to what was measured",
    "specifications": "from specifications alone",
}


def tell_plan(console: Console, study: Path, plan: Plan, calibration: Calibration | None) -> None:
    """Counts, totals, what was dropped and what that costs."""
    console.print(f"[bold]{study}[/bold]: {len(plan.entries)} points, {_counts(plan)}.")
    if plan.num_repeats:
        console.print(f"{plan.num_repeats} more settings are the same as one of these, and are not repeated.")
    sums = totals(plan)
    if sums.num_points:
        for sentence in (_arithmetic(plan, sums), _time(sums), _trust(sums, calibration)):
            if sentence:
                console.print(sentence)
    _tell_dropped(console, plan)
    _name(console, plan.passed_over())


def print_table(console: Console, plan: Plan) -> None:
    """The points, the first and the last ones where there are very many."""
    entries = list(plan.entries)
    left_out = len(entries) - ROWS_AT_MOST
    if left_out > 0:
        entries = [*entries[: ROWS_AT_MOST // 2], *entries[-ROWS_AT_MOST // 2 :]]
    rows = [_cells(entry, plan) for entry in entries]
    table = Table(title="Plan", title_justify="left", box=None)
    for name in rows[0]:
        table.add_column(name, justify="left" if name in ("model", "action", "why") else "right")
    for number, cells in enumerate(rows):
        if left_out > 0 and number == ROWS_AT_MOST // 2:
            table.add_row(f"… {left_out} more in plan.csv")
        table.add_row(*cells.values())
    console.print(table)


def _counts(plan: Plan) -> str:
    counts = plan.counts
    parts = [f"{counts['skip']} done or left out", f"{counts['run'] + counts['retry']} to run"]
    if counts["wait"]:
        parts.append(f"{counts['wait']} running elsewhere")
    if counts["drop"]:
        parts.append(f"{counts['drop']} dropped")
    return ", ".join(parts)


def _arithmetic(plan: Plan, sums: Totals) -> str:
    largest, smallest = (plan.to_run[end].cost.train_flops for end in (0, -1))
    memory = max(entry.memory_gb for entry in plan.entries if entry.is_to_train)
    return (
        f"{sums.train_flops:.2e} training FLOPs in all, from {smallest:.1e} to {largest:.1e} a point; the "
        f"largest takes {memory:.3g} GB."
    )


def _time(sums: Totals) -> str:
    if not sums.sources:
        return "How long they take is not known here: probe=true measures a few, device.spec names a device."
    text = f"About {duration_text(3600 * sums.device_hours)} of one device"
    if sums.num_unknown:
        return f"{text} for {sums.num_points - sums.num_unknown} of the {sums.num_points} points."
    waves = f"{sums.waves} wave{'' if sums.waves == 1 else 's'} of {sums.slots}"
    assert sums.wall_hours is not None
    return f"{text}, {waves}: done in {duration_text(3600 * sums.wall_hours)}, {_ending(sums.wall_hours)}."


def _ending(hours: float) -> str:
    """When it ends if it starts now."""
    try:
        return f"{datetime.now() + timedelta(hours=hours):%a %d %b %Y, %H:%M}"
    except OverflowError:
        return "which nobody lives to see"


def _trust(sums: Totals, calibration: Calibration | None) -> str:
    """Where the hours come from, and how far off they may be."""
    parts = [f"{count} {_EVIDENCE[source]}" for source, count in sums.sources.most_common()]
    if not parts:
        return ""
    text = f"Hours: {', '.join(parts)}."
    if sums.sources["calibrated"] and calibration:
        text += (
            f" Over {calibration.num_steps} measured steps the model was off by a factor of "
            f"{calibration.low / calibration.factor:.2g} to {calibration.high / calibration.factor:.2g}."
        )
    if sums.sources["specifications"]:
        text += " Nothing was measured: believe them within a factor of 2 at best; probe=true measures a few."
    return text


def _tell_dropped(console: Console, plan: Plan) -> None:
    dropped = [entry for entry in plan.entries if entry.action == "drop"]
    if not dropped:
        return
    reasons = Counter(_reason(entry) for entry in dropped)
    listed = ", ".join(f"{count} by {reason}" for reason, count in reasons.most_common(NAMED_AT_MOST))
    console.print(f"Dropped: {listed}; plan.csv has the reason of each.", markup=False)
    for sentence in plan.losses:
        console.print(f"  {sentence}", markup=False, style="yellow")


def _reason(entry: Planned) -> str:
    """The limit or condition, without the numbers of the point."""
    return entry.why.partition(":")[0].partition(" is false")[0].removesuffix(" is used up")


def _name(console: Console, entries: Sequence[Planned]) -> None:
    for entry in entries[:NAMED_AT_MOST]:
        console.print(f"  {entry.action} {entry.point.id} ({entry.point}): {entry.why}", markup=False)
    if len(entries) > NAMED_AT_MOST:
        console.print(f"  and {len(entries) - NAMED_AT_MOST} more in plan.csv")


def _cells(entry: Planned, plan: Plan) -> dict[str, str]:
    """The row of plan.csv in short."""
    values = row(entry, plan.varied)
    hidden = {"point", "activations", *(name for name in values if _is_empty_in_all(name, plan))}
    return {name: _short(name, value) for name, value in values.items() if name not in hidden}


def _is_empty_in_all(name: str, plan: Plan) -> bool:
    return name == "matched_to" and all(entry.budget is None for entry in plan.entries)


def _short(name: str, value: object) -> str:
    if name in ("params", "flops", "train_flops") and isinstance(value, int | float):
        return count_text(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    return "-" if value in ("", None) else str(value)
