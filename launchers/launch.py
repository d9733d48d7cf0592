"""A launch: plan the points of a request, print or run the plan, and report the outcome."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from launchers.plan_table import print_table
from launchers.plan_view import tell_plan
from launchers.planning import Planning, plan_request, tell_other_files
from launchers.request import Launcher, Launching, Request, Show
from scaling.command.output import print_json
from scaling.study.plan import Plan
from scaling.study.plan_file import as_json, as_one_csv, write_plan
from scaling.study.reuse import take_over
from scaling.study.snapshot import Snapshot, take
from scaling.study.store import Study
from scaling.training.runtime import check_arithmetic


def run_request(request: Request, launcher: Launcher) -> int:
    """Plan the points of each study, run the missing ones, and report the outcome.

    Returns the exit code: 1 if points failed and none is completed, else 0.
    """
    session = Session(request, launcher, console_of(request))
    plannings = session.plan_and_tell()
    if request.show != "launch":
        session.show(plannings)
        return 0
    snapshots = [take(each.study.path, request.command) for each in plannings]  # before anything trains
    needed = frozenset(need for each in plannings for point in each.plan.to_run for need in point.needs)
    ended: Counter[str] = Counter()
    for each, snapshot in zip(plannings, snapshots, strict=True):
        session.write_down(each, snapshot)
        counts = session.launch(each, snapshot, needed)
        if counts["completed"]:  # nothing is counted where Slurm runs them
            session.console.print(f"Next: python -m analysis report {each.study.typed}", markup=False)
        ended += counts
    return exit_code(ended)


def exit_code(ended: Counter[str]) -> int:
    """1 if points failed and none is completed, else 0."""
    return int(ended["failed"] > 0 and ended["completed"] == 0)


def console_of(request: Request) -> Console:
    """The console for messages to people; it writes to stderr if stdout gets a plan for programs."""
    return Console(
        soft_wrap=True,
        highlight=False,
        width=None if sys.stdout.isatty() else 140,
        stderr=request.show in ("json", "csv"),
    )


@dataclass(frozen=True)
class Session:
    """A command line at work: what it asks for, the launcher, and the console for messages."""

    request: Request
    launcher: Launcher
    console: Console

    def plan(self) -> list[Planning]:
        """Plan each study, without writing anything."""
        return plan_request(self.request, self.launcher, self.console)

    def plan_and_tell(self) -> list[Planning]:
        """Plan each study, write the plan to its directory, and print its cost.

        Raises Refused if the launch could not run here.
        """
        request, launcher, console = self.request, self.launcher, self.console
        points = [point for each in request.studies.values() for point in each.points]
        precisions = {point.precision for point in points}
        check_arithmetic(request.runtime.device, precisions, request.runtime.spec)
        if request.show == "launch":
            launcher.check(request.runtime, precisions)
        plannings = self.plan()
        if launcher.answers is not None:
            console.print(
                f"Nothing is trained: points are replayed from {launcher.answers}. The costs below are those "
                "of training them.",
                markup=False,
            )
        for each in plannings:
            tell_other_files(each.study, request.studies[each.study.path].points, console)
            each.create()
            write_plan(each.plan, each.study.path / "plan.csv")
            tell_plan(console, each.study.path, each.plan, each.calibration)
        return plannings

    def show(self, plannings: Sequence[Planning]) -> None:
        """Print the plans in the requested format, and note the command line in the history of each study."""
        for each in plannings:
            each.study.remember(self.request.command, len(each.plan.entries), None)
        _print(self.console, self.request.show, {each.study.path: each.plan for each in plannings})

    def write_down(self, planning: Planning, snapshot: Snapshot) -> None:
        """Store the command line and the points of a plan to be launched, and take over reused results."""
        study, plan = planning.study, planning.plan
        replayed = str(self.launcher.answers) if self.launcher.answers else None
        study.remember(self.request.command, len(plan.entries), snapshot.hash, replayed)
        study.add(plan.wanted, plan.predicted)
        for entry in plan.entries:
            if entry.origin is not None:
                take_over(study, entry.point, Study(entry.origin))
        if plan.to_run:
            self.console.print(
                f"To watch it: python -m control watch {study.typed}, with --web in a browser.",
                style="bright_black",
                markup=False,
                soft_wrap=True,
            )

    def launch(
        self, planning: Planning, snapshot: Snapshot, needed: frozenset[str] = frozenset()
    ) -> Counter[str]:
        """Run the plan; return the number of its points by status, empty if Slurm runs them."""
        return self.launcher.launch(
            Launching(
                study=planning.study,
                plan=planning.plan,
                snapshot=snapshot,
                runtime=self.request.runtime_of(planning.study.path),
                tracker=self.request.tracker,
                console=self.console,
                needed=needed,
            )
        )


def _print(console: Console, show: Show, plans: Mapping[Path, Plan]) -> None:
    if show == "json":
        print_json([as_json(plan, path) for path, plan in plans.items()])
    elif show == "csv":
        sys.stdout.write(as_one_csv(plans))
    else:
        for plan in plans.values():
            print_table(console, plan)
