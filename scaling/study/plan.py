"""A plan: the points of a grid, their costs, and the action for each, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from scaling.errors import Refused
from scaling.profile.forecast import Hours
from scaling.study.action import Action, decide
from scaling.study.grid import Expansion
from scaling.study.labelling_cost import HoursOf, Labelling, LabellingCost, labelling_cost
from scaling.study.limits import Limits, Share, over
from scaling.study.losses import losses
from scaling.study.match import Matched
from scaling.study.point import Point
from scaling.study.stages import stages
from scaling.study.store import Study
from scaling.study.trunk import Branch

REASONS_AT_MOST = 10
"""Largest number of reasons for dropping points that one sentence names."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A point and the action for it."""

    point: Point
    action: Action
    why: str
    hours: Hours | None
    """Hours on one device; None if unknown."""
    memory_gb: float
    """Peak memory of a training step on the device of the plan."""
    matched: Matched | None = None
    """The budget of a cost that the point was solved for, if any."""
    share_left: float = 1.0
    """Share of its training that remains to be done."""
    origin: Path | None = None
    """Another study that holds its result, if any."""
    branch: Branch | None = None
    """Where it branches off the trunk of a longer run, if it does."""
    labelling: LabellingCost | None = None
    """Cost of the labelling that must precede its training, if any."""

    @property
    def is_to_train(self) -> bool:
        return self.action in ("run", "retry")


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where points would run: everything that a plan needs to know about the place."""

    hours: Callable[[Point], Hours | None]
    memory_gb: Callable[[Point], float]
    slots: int
    """Number of points that train at a time."""
    labelling_hours: HoursOf = lambda *_: None


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the user wants besides the grid."""

    constraint: Callable[[Planned], str | None] = lambda _: None
    """Function that says why a point is not wanted, or None if it is."""
    origins: Mapping[str, Path] = field(default_factory=dict)
    """Other studies that hold the result of a point, by the point's id."""
    queued: Mapping[str, str] = field(default_factory=dict)
    """Jobs in the queue that will start or continue a point, by the point's id."""


@dataclass(frozen=True)
class Plan:
    """Every point of the grid, in its order, with an action."""

    entries: Sequence[Planned]
    slots: int
    """Number of points that train at a time."""
    num_repeats: int = 0
    """Number of settings that gave the same point as an earlier one."""
    varied: tuple[str, ...] = ()
    """Dotted names of the settings that vary besides the axes."""
    limits: Limits = field(default_factory=Limits)
    """Limits under which points were dropped."""
    labelling: tuple[Labelling, ...] = ()
    """What teachers have to label before their students can train."""
    cheapest_first: bool = False
    """Whether cheap points run first, as they may show that expensive ones need not run to the end."""

    @cached_property
    def to_run(self) -> list[Point]:
        """Points to train, the longest first so that no long one is left to the end, or the cheapest first.

        Sorted by the remaining hours, or by the remaining training FLOPs if any hours are unknown. A point
        always comes after the points that it needs.
        """
        to_train = [entry for entry in self.entries if entry.is_to_train]
        has_hours = all(entry.hours for entry in to_train)
        stage_of = stages([entry.point for entry in to_train])

        def turn(entry: Planned) -> tuple[int, float]:
            left = _work_left(entry, has_hours)
            return stage_of[entry.point.id], left if self.cheapest_first else -left

        return [entry.point for entry in sorted(to_train, key=turn)]

    @property
    def wanted(self) -> list[Point]:
        """All points except the dropped ones."""
        return [entry.point for entry in self.entries if entry.action != "drop"]

    @property
    def wanted_now(self) -> list[Point]:
        """All points except the dropped ones and those left for later."""
        return [entry.point for entry in self.entries if entry.action not in ("later", "drop")]

    @property
    def predicted(self) -> dict[str, Hours]:
        """Hours of the points to train now or later, by id, as far as they are known."""
        return {
            entry.point.id: entry.hours
            for entry in self.entries
            if entry.hours and (entry.is_to_train or entry.action == "later")
        }

    @cached_property
    def counts(self) -> Counter[Action]:
        return Counter(entry.action for entry in self.entries)

    @cached_property
    def losses(self) -> list[str]:
        """What the rules lose by the dropped points, one sentence each."""
        return losses([entry.point for entry in self.entries], self.wanted)

    def passed_over(self) -> list[Planned]:
        """Points neither completed anywhere, nor run, nor dropped; the user should know about each."""
        return [
            entry
            for entry in self.entries
            if entry.action not in ("run", "later", "drop") and entry.why != "done" and entry.origin is None
        ]


def make_plan(study: Study, expansion: Expansion, site: Site, wishes: Wishes | None = None) -> Plan:
    """Plan the points of an expansion, from the files of the study and the wishes of the user."""
    wishes = wishes or Wishes()
    states = study.states([point.id for point in expansion.points])
    entries = []
    for point in expansion.points:
        action, why = decide(study, point.id, states[point.id], wishes.queued.get(point.id))
        entry = Planned(
            point=point,
            action=action,
            why=why,
            hours=site.hours(point),
            memory_gb=site.memory_gb(point),
            matched=expansion.matched.get(point.id),
            share_left=1 - states[point.id].epoch / point.epochs,
            labelling=labelling_cost(point, study.path, site.labelling_hours),
        )
        entry = _reused(entry, wishes.origins)
        entries.append(_dropped(entry, wishes.constraint(entry)))
    return Plan(entries, site.slots, expansion.num_repeats, expansion.varied)


def limited(plans: Sequence[Plan], limits: Limits) -> list[Plan]:
    """The plans of one command line, without the points that exceed the limits on all plans together.

    Raises Refused if the limits, or the constraints before them, leave no point.
    """
    wanted = [entry for plan in plans for entry in plan.entries if entry.action != "drop"]
    if not wanted:
        raise Refused(_nothing_left("where", [entry for plan in plans for entry in plan.entries]))
    reasons = over(limits, [_share(entry) for entry in wanted])
    if len(reasons) == len(wanted):
        raise Refused(_nothing_left("limit", _all_dropped(wanted, reasons)))
    return [replace(plan, entries=_all_dropped(plan.entries, reasons), limits=limits) for plan in plans]


def _reused(entry: Planned, origins: Mapping[str, Path]) -> Planned:
    origin = origins.get(entry.point.id)
    if origin is None or not entry.is_to_train:
        return entry
    return replace(entry, action="skip", why=f"done in {origin}", origin=origin)


def _all_dropped(entries: Sequence[Planned], reasons: Mapping[str, str]) -> list[Planned]:
    """The entries, with those dropped that have a reason in `reasons`; dropped entries keep their own."""
    return [
        entry if entry.action == "drop" else _dropped(entry, reasons.get(entry.point.id)) for entry in entries
    ]


def _dropped(entry: Planned, reason: str | None) -> Planned:
    return entry if reason is None else replace(entry, action="drop", why=reason, origin=None)


def _work_left(entry: Planned, in_hours: bool) -> float:
    whole = entry.hours.hours if in_hours and entry.hours else entry.point.cost.train_flops
    return entry.share_left * whole


def _share(entry: Planned) -> Share:
    return Share(
        point=entry.point,
        hours=entry.hours.hours if entry.hours else None,
        memory_gb=entry.memory_gb,
        is_settled=not entry.is_to_train,
        labelling=entry.labelling,
    )


def _nothing_left(what: str, dropped: Sequence[Planned]) -> str:
    """How many points each reason drops, with the full reason of the cheapest point."""
    cheapest = min(dropped, key=lambda entry: entry.point.cost.train_flops)
    return (
        f"{what} leaves none of {len(dropped)} points ({reasons_text(dropped)}); the cheapest is "
        f"{cheapest.point}: {cheapest.why}."
    )


def reasons_text(dropped: Iterable[Planned]) -> str:
    """How many points each reason drops, the most first, as in `12 by flops < 2e9, 3 by limit.points`."""
    counts = Counter(reason_in_short(entry.why) for entry in dropped)
    return ", ".join(f"{count} by {reason}" for reason, count in counts.most_common(REASONS_AT_MOST))


def reason_in_short(why: str) -> str:
    """The limit or condition that drops a point, without the numbers of the point."""
    return why.partition(":")[0].partition(" is false")[0].removesuffix(" is used up")
