"""A launch: plan the points of a request, print or run the plan, and say what became of it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from rich.console import Console

from launchers.plan_view import print_table, tell_plan
from launchers.planning import Planning, plan_request
from launchers.request import Launcher, Launching, Request, Show
from scaling.command.output import print_json
from scaling.study.plan import Plan
from scaling.study.plan_file import as_json, as_one_csv, write_plan
from scaling.study.reuse import take_over
from scaling.study.snapshot import Snapshot, take
from scaling.study.store import Study
from scaling.training.runtime import check_arithmetic


def run_request(request: Request, launcher: Launcher) -> int:
    """Plan the points of each study, run what is missing, and say what became of it.

    Returns the exit code: 1 where points failed and none is done, else 0.
    """
    to_files = request.show in ("json", "csv")
    console = Console(
        soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else 140, stderr=to_files
    )
    points = [point for each in request.studies.values() for point in each.points]
    precisions = {point.precision for point in points}
    check_arithmetic(request.runtime.device, precisions)
    if request.show == "launch":
        launcher.check(request.runtime, precisions)
    plannings = plan_request(request, launcher, console)
    if launcher.answers is not None:
        console.print(
            f"Nothing is trained: points are replayed from {launcher.answers}. What follows is what training "
            "them would take.",
            markup=False,
        )
    for each in plannings:
        each.create()
        write_plan(each.plan, each.study.path / "plan.csv")
        tell_plan(console, each.study.path, each.plan, each.calibration)
    if request.show != "launch":
        for each in plannings:
            each.study.remember(request.command, len(each.plan.entries), None)
        _print(console, request.show, {each.study.path: each.plan for each in plannings})
        return 0
    snapshots = [take(each.study.path, request.command) for each in plannings]  # before anything trains
    needed = frozenset(need for each in plannings for point in each.plan.to_run for need in point.needs)
    ended: Counter[str] = Counter()
    for each, snapshot in zip(plannings, snapshots, strict=True):
        ended += _launch(console, each, snapshot, request, launcher, needed)
    return int(ended["failed"] > 0 and ended["completed"] == 0)


def _print(console: Console, show: Show, plans: Mapping[Path, Plan]) -> None:
    if show == "json":
        print_json([as_json(plan, path) for path, plan in plans.items()])
    elif show == "csv":
        sys.stdout.write(as_one_csv(plans))
    else:
        for plan in plans.values():
            print_table(console, plan)


def _launch(
    console: Console,
    planning: Planning,
    snapshot: Snapshot,
    request: Request,
    launcher: Launcher,
    needed: frozenset[str],
) -> Counter[str]:
    """Run the plan; how many of its points stand where after it."""
    study, plan = planning.study, planning.plan
    replayed = str(launcher.answers) if launcher.answers else None
    study.remember(request.command, len(plan.entries), snapshot.hash, replayed)
    study.add(plan.wanted, plan.predicted)
    for entry in plan.entries:
        if entry.origin is not None:
            take_over(study, entry.point, Study(entry.origin))
    if plan.to_run:
        console.print(
            f"To watch it: python -m control watch {quote(str(study.path))}, with --web in a browser.",
            style="bright_black",
            markup=False,
            soft_wrap=True,
        )
    return launcher.launch(
        Launching(
            study=study,
            plan=plan,
            snapshot=snapshot,
            runtime=request.runtime_of(study.path),
            tracker=request.tracker,
            console=console,
            needed=needed,
        )
    )
