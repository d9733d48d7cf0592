"""A launch as a person sees it: the plan before, the progress meanwhile, what became of it after."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table

from launchers.progress import Display, duration
from launchers.slots import check_device
from launchers.watch import Tally
from scaling.errors import Refused
from scaling.profile.profiles import profile_of
from scaling.study.plan import Plan, make_plan
from scaling.study.point import Point
from scaling.study.result import Result, State
from scaling.study.store import Study, Task
from scaling.tracking.process import start
from scaling.tracking.tracker import Tracker
from scaling.training.runtime import Runtime

TRACKER_WITHIN_S = 60.0
"""Time the tracker has for its last runs after the last point; the next launch writes what is missing."""
NAMED_AT_MOST = 10


class Launcher(Protocol):
    """Where points run."""

    def run(self, study: Study, plan: Plan, runtime: Runtime, show: Callable[[Tally], None]) -> Tally: ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a command line asks for, freed of Hydra."""

    studies: Mapping[Path, Sequence[Point]]
    """Points by the directory of their study."""
    runtime: Runtime
    tracker: Tracker
    plan_only: bool
    command: str
    """The line itself, for the study's history."""


def run_request(request: Request, launcher: Launcher) -> int:
    """Plan the points of each study, run what is missing, and say what became of it.

    Returns the exit code: 1 where points failed and none is done, else 0.
    """
    ended: Counter[str] = Counter()
    console = Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 140)
    profile = profile_of(request.runtime.device, request.runtime.threads)
    studies = {path: Study.create(path, _task(path, points)) for path, points in request.studies.items()}
    for path, points in request.studies.items():
        study = studies[path]
        study.add(points)
        study.remember(request.command, len(points))
        plan = make_plan(study, points, profile.step_seconds if profile else lambda _: None)
        plan.write(path / "plan.csv")
        _tell_plan(console, study, plan)
        if request.plan_only:
            _print_plan(console, plan)
            continue
        check_device(request.runtime.device)
        _run(console, study, plan, request, launcher)
        states = study.states([point.id for point in points])
        _tell_outcome(console, study, points, states)
        ended.update(state.status for state in states.values())
    return int(ended["failed"] > 0 and ended["completed"] == 0)


def _task(path: Path, points: Sequence[Point]) -> Task:
    names = sorted({point.data.name for point in points})
    if len(names) > 1:
        raise Refused(f"The study {path} would mix the data sets {', '.join(names)}: leave study.name out.")
    return Task(names[0])


def _run(console: Console, study: Study, plan: Plan, request: Request, launcher: Launcher) -> None:
    mirror = start(study.path, request.tracker)
    try:
        if plan.to_run:
            with Display(console, len(plan.to_run)) as display:
                launcher.run(study, plan, request.runtime, display.show)
    finally:
        if mirror is not None and not mirror.finish(TRACKER_WITHIN_S):
            mirror = start(study.path, request.tracker)  # it was killed: what it left out is written now
            if mirror is not None:
                mirror.finish(TRACKER_WITHIN_S)


def _tell_plan(console: Console, study: Study, plan: Plan) -> None:
    counts = plan.counts
    to_run = plan.to_run
    parts = [f"{counts['skip']} done or left out", f"{len(to_run)} to run"]
    if counts["wait"]:
        parts.append(f"{counts['wait']} running elsewhere")
    console.print(f"[bold]{study.path}[/bold]: {len(plan.entries)} points, {', '.join(parts)}.")
    if to_run:
        total = sum(point.cost.train_flops for point in to_run)
        largest, smallest = to_run[0].cost.train_flops, to_run[-1].cost.train_flops
        console.print(
            f"{total:.2e} training FLOPs in all, from {smallest:.1e} to {largest:.1e} a point; see plan.csv."
        )
    if hours := plan.known_hours:
        console.print(
            f"Their training steps take {duration(3600 * sum(hours))} one after another on this device, as "
            f"measured for {len(hours)} of the {len(to_run)} points."
        )
    passed_over = plan.passed_over()
    for entry in passed_over[:NAMED_AT_MOST]:
        console.print(f"  {entry.action} {entry.point.id} ({entry.point}): {entry.why}", markup=False)
    if len(passed_over) > NAMED_AT_MOST:
        console.print(f"  and {len(passed_over) - NAMED_AT_MOST} more in plan.csv")


def _print_plan(console: Console, plan: Plan) -> None:
    axes = list(plan.entries[0].point.axes)
    table = Table(
        "model", *axes, "params", "flops", "train_flops", "memory_gb", "hours", "action", "why", title="Plan"
    )
    for entry in plan.entries:
        cost = entry.point.cost
        hours = "-" if entry.hours is None else f"{entry.hours:.3g}"
        numbers = [f"{cost.params:,}", f"{cost.flops:.3g}", f"{cost.train_flops:.3g}"]
        numbers += [f"{cost.memory_gb:.3g}", hours]
        values = [f"{value:g}" for value in entry.point.axes.values()]
        table.add_row(entry.point.family, *values, *numbers, entry.action, entry.why)
    console.print(table)


def _print_row(console: Console, result: Result) -> None:
    row = result.row()
    shown = [
        "point",
        "depth",
        "width",
        "resolution",
        "epochs",
        "seed",
        "status",
        "top1",
        "loss",
        "params",
        "flops",
        "train_seconds",
    ]
    table = Table(*shown)
    table.add_row(*(_text(row[column]) for column in shown))
    console.print(table)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _tell_outcome(
    console: Console, study: Study, points: Sequence[Point], states: Mapping[str, State]
) -> None:
    if len(points) == 1:
        _print_row(console, study.result(points[0].id))
    failed = [point for point in points if states[point.id].status == "failed"]
    num_done = sum(state.status == "completed" for state in states.values())
    left = len(points) - num_done - len(failed)
    console.print(f"{num_done} of {len(points)} points done, {len(failed)} failed, {left} left.")
    for point in failed[:NAMED_AT_MOST]:
        state = states[point.id]
        log = study.directory(point.id) / "log.txt"
        console.print(
            f"  failed {point}: {state.failure}: {state.message} ({log})", markup=False, style="red"
        )
    if len(failed) > NAMED_AT_MOST:
        console.print(f"  and {len(failed) - NAMED_AT_MOST} more failed points")
    console.print(f"Next: python -m analysis report {study.path}")
