"""A launch as a person sees it: the plan before, the progress meanwhile, what became of it after."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from rich.console import Console
from rich.table import Table

from launchers.plan_view import print_table, tell_plan
from launchers.probe import probe
from launchers.progress import Display
from launchers.site import device_gb, site_of
from launchers.slots import check_device
from launchers.watch import Tally
from scaling.command.output import print_json
from scaling.data.catalog import check_readable
from scaling.errors import Refused
from scaling.profile.forecast import Forecast
from scaling.study.grid import Expansion
from scaling.study.limits import Limits
from scaling.study.plan import Plan, Planned, Site, Wishes, limited, make_plan
from scaling.study.plan_file import as_csv, as_json, write_plan
from scaling.study.point import Point
from scaling.study.quantities import Quantities, constraint_of
from scaling.study.result import Result
from scaling.study.reuse import origins, take_over
from scaling.study.snapshot import Snapshot, take
from scaling.study.store import Study, Task
from scaling.tracking.process import start
from scaling.tracking.tracker import Tracker
from scaling.training.runtime import Runtime

Show = Literal["launch", "table", "json", "csv"]

TRACKER_WITHIN_S = 60.0
"""Time the tracker has for its last runs after the last point; the next launch writes what is missing."""
NAMED_AT_MOST = 10


class Launcher(Protocol):
    """Where points run."""

    def num_slots(self, runtime: Runtime) -> int: ...

    def run(
        self,
        study: Study,
        plan: Plan,
        snapshot: Snapshot,
        runtime: Runtime,
        show: Callable[[Tally], None],
    ) -> Tally: ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a command line asks for, freed of Hydra."""

    studies: Mapping[Path, Expansion]
    """Points by the directory of their study."""
    runtime: Runtime
    tracker: Tracker
    command: str
    """The line itself, for the study's history."""
    show: Show = "launch"
    """`launch` runs the plan; the others print it as a table, as JSON or as CSV, and run nothing."""
    where: str | None = None
    limits: Limits = field(default_factory=Limits)
    reuse: tuple[str, ...] = ()
    """Directories of other studies, or patterns of them, whose results may be taken over."""
    probe: bool = False
    """Whether to measure some training steps here before the plan."""


def run_request(request: Request, launcher: Launcher) -> int:
    """Plan the points of each study, run what is missing, and say what became of it.

    Returns the exit code: 1 where points failed and none is done, else 0.
    """
    to_files = request.show in ("json", "csv")
    console = Console(
        soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 140, stderr=to_files
    )
    studies = [_study(path, expansion.points, request) for path, expansion in request.studies.items()]
    sites = [_site(console, study, request, launcher) for study in studies]
    plans = limited(
        [_plan(study, site, request) for study, (site, _) in zip(studies, sites, strict=True)], request.limits
    )
    for study, plan, (_, forecast) in zip(studies, plans, sites, strict=True):
        write_plan(plan, study.path / "plan.csv")
        tell_plan(console, study.path, plan, forecast.calibration)
    if request.show != "launch":
        for study, plan in zip(studies, plans, strict=True):
            study.remember(request.command, len(plan.entries), None)
        _print(console, request.show, studies, plans)
        return 0
    ended: Counter[str] = Counter()
    for study, plan in zip(studies, plans, strict=True):
        ended += _launch(console, study, plan, request, launcher)
    return int(ended["failed"] > 0 and ended["completed"] == 0)


def _study(path: Path, points: Sequence[Point], request: Request) -> Study:
    """The study at `path`, made if need be, with the line in its history."""
    names = {point.data.name for point in points}
    if request.show == "launch":
        for name in sorted(names):
            check_readable(name)
    return Study.create(path, _task(path, points))


def _site(console: Console, study: Study, request: Request, launcher: Launcher) -> tuple[Site, Forecast]:
    """Where the points of one study would run, and how long they would take there."""
    points, runtime = request.studies[study.path].points, request.runtime
    if request.probe:
        probe(points, runtime, console)
    return site_of(runtime, launcher.num_slots(runtime), study, points)


def _plan(study: Study, site: Site, request: Request) -> Plan:
    """What is to be done with the points of one study, limits aside."""
    expansion = request.studies[study.path]
    wishes = Wishes(constraint=_constraint(request), origins=origins(request.reuse, study, expansion.points))
    return make_plan(study, expansion, site, wishes)


def _constraint(request: Request) -> Callable[[Planned], str | None]:
    if request.where is None:
        return lambda _: None
    constraint = constraint_of(request.where, device_gb=device_gb(request.runtime))
    return lambda entry: constraint.reason(Quantities(entry))


def _print(console: Console, show: Show, studies: Sequence[Study], plans: Sequence[Plan]) -> None:
    if show == "json":
        print_json([as_json(plan, study.path) for study, plan in zip(studies, plans, strict=True)])
    for plan in plans:
        if show == "csv":
            sys.stdout.write(as_csv(plan))
        elif show == "table":
            print_table(console, plan)


def _launch(console: Console, study: Study, plan: Plan, request: Request, launcher: Launcher) -> Counter[str]:
    """Run the plan; how many of its points stand where after it."""
    check_device(request.runtime.device)
    snapshot = take(study.path, request.command)
    study.remember(request.command, len(plan.entries), snapshot.hash)
    study.add(plan.wanted, plan.predicted)
    for entry in plan.entries:
        if entry.origin is not None:
            take_over(study, entry.point, Study(entry.origin))
    _run(console, study, plan, snapshot, request, launcher)
    return _tell_outcome(console, study, plan.wanted)


def _task(path: Path, points: Sequence[Point]) -> Task:
    names = sorted({point.data.name for point in points})
    if len(names) > 1:
        raise Refused(f"The study {path} would mix the data sets {', '.join(names)}: leave study.name out.")
    return Task(names[0])


def _run(
    console: Console, study: Study, plan: Plan, snapshot: Snapshot, request: Request, launcher: Launcher
) -> None:
    mirror = start(study.path, request.tracker)
    try:
        if plan.to_run:
            with Display(console, len(plan.to_run)) as display:
                launcher.run(study, plan, snapshot, request.runtime, display.show)
    finally:
        if mirror is not None and not mirror.finish(TRACKER_WITHIN_S):
            mirror = start(study.path, request.tracker)  # it was killed: what it left out is written now
            if mirror is not None:
                mirror.finish(TRACKER_WITHIN_S)


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


def _tell_outcome(console: Console, study: Study, points: Sequence[Point]) -> Counter[str]:
    """Say what became of the points; how many of them stand where."""
    states = study.states([point.id for point in points])
    counts = Counter(str(state.status) for state in states.values())
    if len(points) == 1:
        _print_row(console, study.result(points[0].id))
    failed = [point for point in points if states[point.id].status == "failed"]
    left = len(points) - counts["completed"] - len(failed)
    console.print(f"{counts['completed']} of {len(points)} points done, {len(failed)} failed, {left} left.")
    for point in failed[:NAMED_AT_MOST]:
        state, log = states[point.id], study.directory(point.id) / "log.txt"
        sentence = f"  failed {point}: {state.failure}: {state.message} ({log})"
        console.print(sentence, markup=False, style="red")
    if len(failed) > NAMED_AT_MOST:
        console.print(f"  and {len(failed) - NAMED_AT_MOST} more failed points")
    console.print(f"Next: python -m analysis report {study.path}")
    return counts
