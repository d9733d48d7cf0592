"""Plans of points whose hours are known, and what becomes of points in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scaling.profile.forecast import Hours
from scaling.study.files import write_json_once
from scaling.study.grid import Expansion
from scaling.study.limits import Limits
from scaling.study.plan import Plan, Planned, Site, Wishes, limited, make_plan
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study


def hours_of(point: Point) -> Hours:
    return Hours(point.cost.train_flops / 1e12, "specifications")


NO_LIMITS = Limits()
SITE = Site(hours=hours_of, memory_gb=lambda point: point.cost.memory_gb, slots=2)


def plan_of(
    study: Study,
    points: Sequence[Point],
    constraint: Callable[[Planned], str | None] = lambda _: None,
    limits: Limits = NO_LIMITS,
) -> Plan:
    plan = make_plan(study, Expansion(list(points)), SITE, Wishes(constraint=constraint))
    return limited([plan], limits)[0]


def complete(study: Study, point: Point) -> None:
    study.note(point.id, State(status="completed", attempt=1, epoch=2))
    write_json_once(study.directory(point.id) / "result.json", {"id": point.id, "metrics": {"top1": 90.0}})


def dropped(plan: Plan) -> list[Planned]:
    return [entry for entry in plan.entries if entry.action == "drop"]
