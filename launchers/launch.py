"""A launch: plan the points of a request, print or run the plan, and say what became of it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from launchers.outcome import tell_outcome
from launchers.plan_view import print_table, tell_plan
from launchers.probe import probe
from launchers.progress import Display
from launchers.request import Launcher, Request, Show
from launchers.site import device_gb, site_of
from launchers.slots import check_device
from scaling.command.output import print_json
from scaling.data.catalog import check_readable
from scaling.errors import Refused
from scaling.profile.forecast import Forecast
from scaling.study.plan import Plan, Planned, Site, Wishes, limited, make_plan
from scaling.study.plan_file import as_csv, as_json, write_plan
from scaling.study.point import Point
from scaling.study.quantities import Quantities, constraint_of
from scaling.study.reuse import origins, take_over
from scaling.study.snapshot import Snapshot, take
from scaling.study.store import Study, Task
from scaling.tracking.process import start

TRACKER_WITHIN_S = 60.0
"""Time the tracker has for its last runs after the last point; the next launch writes what is missing."""


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
    return tell_outcome(console, study, plan.wanted)


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
