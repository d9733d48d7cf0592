"""A plan in sentences: its cost, how certain that is, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from scaling.data.pseudo import has_others
from scaling.profile.forecast import Calibration, Source
from scaling.quantity import counted, duration_text, listed
from scaling.study.branching import saved_by
from scaling.study.labelling_cost import Labelling
from scaling.study.plan import Plan, Planned, reasons_text
from scaling.study.totals import Totals, totals

NAMED_AT_MOST = 10
"""Largest number of skipped points that are printed."""
SHORT_HOURS = 0.2
"""Duration below which the time to start the workers is mentioned."""


_EVIDENCE: dict[Source, str] = {
    "results": "from results of this study",
    "measured": "measured on this device",
    "calibrated": "from the speed model, scaled to what was measured",
    "specifications": "from specifications alone",
}


def tell_plan(console: Console, study: Path, plan: Plan, calibration: Calibration | None) -> None:
    """Print counts and totals, the points that were dropped, and what the rules lose by that."""
    num_points = f"{len(plan.entries)} point{'' if len(plan.entries) == 1 else 's'}"
    console.print(f"[bold]{study}[/bold]: {num_points}, {_counts(plan)}.")
    if plan.num_repeats:
        same = "setting is" if plan.num_repeats == 1 else "settings are"
        console.print(f"{plan.num_repeats} more {same} the same as one of these, and not repeated.")
    sums = totals(plan)
    if sums.num_points:
        for sentence in (_arithmetic(plan, sums), _time(sums), _trust(sums, calibration)):
            if sentence:
                console.print(sentence)
    _tell_trunks(console, plan)
    for labelling in plan.labelling:
        console.print(_labelling_text(labelling), markup=False)
    _tell_disk(console, plan)
    _tell_dropped(console, plan)
    _name(console, plan.passed_over())


def _counts(plan: Plan) -> str:
    counts = plan.counts
    num_reused = sum(entry.origin is not None for entry in plan.entries)
    parts = [f"{counts['skip'] - num_reused} done or left out", f"{counts['run'] + counts['retry']} to run"]
    if num_reused:
        parts.insert(1, f"{num_reused} done in other studies")
    if counts["wait"]:
        parts.append(f"{counts['wait']} running elsewhere")
    if counts["later"]:
        parts.append(f"{counts['later']} left for later")
    if counts["drop"]:
        parts.append(f"{counts['drop']} dropped")
    return ", ".join(parts)


def _arithmetic(plan: Plan, sums: Totals) -> str:
    train_flops = [point.cost.train_flops for point in plan.to_run]
    memory = max(entry.memory_gb for entry in plan.entries if entry.is_to_train)
    return (
        f"{sums.train_flops:.2e} training FLOPs in all, from {min(train_flops):.1e} to "
        f"{max(train_flops):.1e} a point; each takes at most {memory:.3g} GB."
    )


def _time(sums: Totals) -> str:
    if not sums.sources:
        return "How long they take is unknown here: probe=true measures a few, device.spec names a device."
    text = f"About {_hours_text(sums.device_hours)}"
    if sums.num_unknown:
        return f"{text} for {sums.num_points - sums.num_unknown} of the {sums.num_points} points."
    waves = f"{sums.waves} wave{'' if sums.waves == 1 else 's'} of {sums.slots}"
    assert sums.wall_hours is not None
    wall = duration_text(3600 * sums.wall_hours)
    start = " plus the seconds in which workers start" if sums.wall_hours < SHORT_HOURS else ""
    return f"{text}, {waves}: done in {wall}{start}, {_ending(sums.wall_hours)}."


def _hours_text(hours: float) -> str:
    """Device-hours, with a handier unit added if the number is very small or large."""
    if hours >= 1000:
        return f"{hours:,.0f} device-hours"
    text = f"{hours:.3g} device-hours"
    return text if 1 <= hours < 100 else f"{text} ({duration_text(3600 * hours)})"


def _ending(hours: float) -> str:
    """Date and time of the end if the launch starts now."""
    try:
        return f"{datetime.now() + timedelta(hours=hours):%a %d %b %Y, %H:%M}"
    except OverflowError:
        return "a date beyond the calendar"


def _trust(sums: Totals, calibration: Calibration | None) -> str:
    """Where the hours come from, and how wrong they may be."""
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
        whose = "Nothing was measured: trust them" if len(parts) == 1 else "Trust those from specifications"
        text += f" {whose} within a factor of 2 at best; probe=true measures a few."
    return text


def _tell_trunks(console: Console, plan: Plan) -> None:
    saved = saved_by(plan)
    if saved is None:
        return
    if saved.num_branches:
        console.print(
            f"{counted(saved.num_branches, 'point')} branch off the trunk of a longer one and train their "
            f"cooldown alone: {saved.train_flops:.2e} training FLOPs saved, {saved.share:.0%} of what all of "
            "them would take."
        )
    if saved.num_apart:
        console.print(
            f"{counted(saved.num_apart, 'point')} share no trunk with all lengths of their network, since "
            "more than the epochs differs, such as the regularisation: each has its own trunk."
        )


def _labelling_text(each: Labelling) -> str:
    who = "The teacher" if each.num_teachers == 1 else f"Each of {each.num_teachers} teachers"
    there = (
        f"{who} ({each.teacher}) labels {each.num_images:,} images, {each.kind}: {_gb_text(each.gb)} in all"
    )
    if not each.num_left:
        return f"{there}, which exist already."
    hours = "hours unknown here" if each.hours is None else f"about {_hours_text(each.hours)}"
    left = "" if each.num_left == each.num_teachers * each.num_images else f" for the {each.num_left:,} left"
    return f"{there}; {each.flops:.2e} FLOPs{left}, {hours} in addition to training."


def _tell_disk(console: Console, plan: Plan) -> None:
    of_files = [point for point in plan.to_run if point.data.side is None or has_others(point.pseudo)]
    if not of_files:
        return
    from scaling.data.disk import frame_gb, to_decode  # imports image decoders, which takes time

    disk = to_decode(of_files)
    if disk is None:
        return
    what = "videos" if of_files[0].data.clips else "images"
    needed = _gb_text(disk.needed_gb)
    if not disk.needed_gb:
        needed = (
            f"about {_gb_text(frame_gb(disk.sides[-1]))} per frame of 4:3, whose number is not known yet "
            f"({_gb_text(disk.free_gb)} free),"
        )
    console.print(
        f"The {what} are decoded first, at {listed([str(side) for side in disk.sides])} px: {needed} on the "
        f"disk of {disk.place}.",
        markup=False,
    )
    if disk.needed_gb > disk.free_gb:
        console.print(
            f"  Here it has {_gb_text(disk.free_gb)} free: free some, or set XDG_CACHE_HOME to a "
            "directory on a larger disk.",
            markup=False,
            style="yellow",
        )


def _gb_text(gb: float) -> str:
    if gb < 0.01:
        return f"{1e6 * gb:,.0f} kB"
    return f"{gb:,.0f} GB" if gb >= 100 else f"{gb:.3g} GB"


def _tell_dropped(console: Console, plan: Plan) -> None:
    dropped = [entry for entry in plan.entries if entry.action == "drop"]
    if not dropped:
        return
    console.print(f"Dropped: {reasons_text(dropped)}; plan.csv has the reason of each.", markup=False)
    for sentence in plan.losses:
        console.print(f"  {sentence}", markup=False, style="yellow")


def _name(console: Console, entries: Sequence[Planned]) -> None:
    for entry in entries[:NAMED_AT_MOST]:
        console.print(f"  {entry.action} {entry.point.id} ({entry.point}): {entry.why}", markup=False)
    if len(entries) > NAMED_AT_MOST:
        console.print(f"  and {len(entries) - NAMED_AT_MOST} more in plan.csv")
