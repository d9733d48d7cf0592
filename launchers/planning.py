"""The plans of a request: one for each study, within the limits that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from launchers.probe import probe
from launchers.request import Launcher, Request
from launchers.site import site_of
from launchers.slurm.client import Silent
from launchers.slurm.reconcile import reconciled
from scaling.data.catalog import FOLDERS
from scaling.errors import Refused
from scaling.profile.forecast import Calibration
from scaling.quantity import counted
from scaling.study.about import Task
from scaling.study.branching import branched
from scaling.study.labelling_cost import HoursOf, labellings
from scaling.study.limits import Limits
from scaling.study.needs import without_unmet
from scaling.study.only import only
from scaling.study.plan import Plan, Planned, Wishes, limited, make_plan
from scaling.study.point import Point
from scaling.study.quantities import Quantities, constraint_of
from scaling.study.reuse import origins
from scaling.study.store import Study


@dataclass(frozen=True, kw_only=True)
class Planning:
    """The plan of one study."""

    study: Study
    """The study, perhaps not on disk yet: `create` makes it."""
    task: Task
    plan: Plan
    calibration: Calibration | None
    """Error of the speed model behind the hours on measured steps, if it was scaled to any."""
    labelling_hours: HoursOf

    def with_plan(self, plan: Plan) -> Planning:
        """This planning with another plan, and with the labelling which that plan needs."""
        labelling = labellings(plan.to_run, self.study.path, self.labelling_hours)
        return replace(self, plan=replace(plan, labelling=labelling))

    def create(self) -> None:
        """Create the study unless it exists. Raises Refused for another task or a read-only place."""
        Study.create(self.study.path, self.task)


def plan_request(request: Request, launcher: Launcher, console: Console) -> list[Planning]:
    """Plan every study of the request without writing anything.

    With `probe`, planning is done twice: points that the first plan would train, whatever their hours, are
    measured before the second.
    """
    if request.probe:
        any_hours = replace(request.limits, device_hours=None)
        first = _plan_all(request, launcher, any_hours, console)
        probe([point for each in first for point in each.plan.to_run], request.runtime, console)
    return _plan_all(request, launcher, request.limits, console)


def _plan_all(request: Request, launcher: Launcher, limits: Limits, console: Console) -> list[Planning]:
    plannings = {path: _plan(path, request, launcher, console) for path in request.studies}

    def can_start(plans: Sequence[Plan]) -> list[Plan]:
        of_the_line = dict(zip(plannings, plans, strict=True))
        return without_unmet(
            of_the_line, [study for path in plannings for study in request.runtime_of(path).studies(path)]
        )

    plans = can_start(limited(can_start([each.plan for each in plannings.values()]), limits))
    if request.only:
        plans = only(plans, request.only)
    return [
        each.with_plan(branched(each.study, plan))
        for each, plan in zip(plannings.values(), plans, strict=True)
    ]


def _queued(study: Study, launcher: Launcher, console: Console) -> dict[str, str]:
    """Points that Slurm jobs hold; other launchers can do without, as leases keep two off one point."""
    try:
        return reconciled(study)
    except Silent as silent:
        if launcher.is_slurm:
            raise
        console.print(f"{silent} What its jobs still hold of {study.path} is unknown.", style="yellow")
        return {}


def _plan(path: Path, request: Request, launcher: Launcher, console: Console) -> Planning:
    """The plan of one study, before limits."""
    if launcher.answers is not None and request.reuse:
        raise Refused(
            f"reuse={','.join(request.reuse)}: a replay takes results from hydra.launcher.table alone, so "
            "leave it out."
        )
    expansion = request.studies[path]
    task = _task(path, expansion.points)
    study = Study(path)
    if (path / "study.json").exists():
        Study.create(path, task)  # refuses another task, or a newer version, before anything else
        study.check_origin(str(launcher.answers) if launcher.answers else None)
    runtime = request.runtime_of(path)
    site, forecast = site_of(runtime, launcher.num_slots(runtime), study, expansion.points)
    wishes = Wishes(
        constraint=_constraint(path, request, launcher),
        origins=origins(request.reuse, study, expansion.points),
        queued=_queued(study, launcher, console),
    )
    plan = make_plan(study, expansion, site, wishes)
    if launcher.answers is not None:
        plan = launcher.answers.answerable(plan)
    return Planning(
        study=study,
        task=task,
        plan=replace(plan, cheapest_first=request.stopping.dominated),
        calibration=forecast.calibration,
        labelling_hours=site.labelling_hours,
    )


def tell_other_files(study: Study, points: Sequence[Point], console: Console) -> None:
    """Warn if the study has points of other files than its directory of data has now.

    All requested points are then new, which is unexpected when a command line is repeated.
    """
    name = points[0].data.name
    if name not in FOLDERS:
        return
    files = {point.data.fingerprint for point in points}
    num_others = 0
    for point_id in set(study.point_ids()) - {point.id for point in points}:
        with suppress(Refused):  # a damaged point is not counted
            num_others += study.point(point_id).data.fingerprint not in files
    if num_others:
        console.print(
            f"{study.path} has {counted(num_others, 'point')} of other files than {name} has now, which stay "
            "as they are. If files were added, changed or removed by mistake, undo that and type the same "
            "line again.",
            style="yellow",
            markup=False,
        )


def _constraint(path: Path, request: Request, launcher: Launcher) -> Callable[[Planned], str | None]:
    if request.where is None or path in request.beforehand:
        return lambda _: None
    constraint = constraint_of(request.where, device_gb=launcher.device_gb(request.runtime))
    return lambda entry: constraint.reason(Quantities(entry))


def _task(path: Path, points: Sequence[Point]) -> Task:
    tasks = sorted({(point.data.name, point.data.metric) for point in points})
    if len(tasks) > 1:
        names = ", ".join(name for name, _ in tasks)
        raise Refused(f"The study {path} would mix the data sets {names}: leave study.name out.")
    return Task(*tasks[0])
