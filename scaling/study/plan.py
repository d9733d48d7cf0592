"""A plan: the points of a grid, their costs, and what is to be done with each, before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import Literal

from scaling.errors import Refused
from scaling.profile.forecast import Hours
from scaling.study import lease
from scaling.study.grid import Expansion
from scaling.study.labelling import HoursOf, Labelling, LabellingCost, labelling_cost
from scaling.study.limits import Limits, Share, over
from scaling.study.losses import losses
from scaling.study.match import Matched
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.stages import stages
from scaling.study.store import Study
from scaling.study.trunk import Branch

Action = Literal["run", "skip", "wait", "retry", "later", "drop"]

REASONS_AT_MOST = 10
"""Reasons for which points are dropped that one sentence names."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A point and what is to be done with it."""

    point: Point
    action: Action
    why: str
    hours: Hours | None
    """On one device; None where nothing tells."""
    memory_gb: float
    """Of a training step on the device of the plan."""
    matched: Matched | None = None
    """What a cost of it was to meet."""
    share_left: float = 1.0
    """Of its training, what is still to be done."""
    origin: Path | None = None
    """The study that holds its result, where it is another one."""
    branch: Branch | None = None
    """Where it leaves the trunk of a longer one."""
    labelling: LabellingCost | None = None
    """What is labelled before it trains."""

    @property
    def is_to_train(self) -> bool:
        return self.action in ("run", "retry")


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where points would run, as far as a plan must know."""

    hours: Callable[[Point], Hours | None]
    memory_gb: Callable[[Point], float]
    slots: int
    """Points that train at a time."""
    labelling_hours: HoursOf = lambda *_: None


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person who plans wants besides the grid."""

    constraint: Callable[[Planned], str | None] = lambda _: None
    """Why a point is not wanted; None for one that is."""
    origins: Mapping[str, Path] = field(default_factory=dict)
    """Studies that hold the result of a point, by its id."""
    queued: Mapping[str, str] = field(default_factory=dict)
    """Jobs that will train a point, or go on with it, by its id."""


@dataclass(frozen=True)
class Plan:
    """Every point asked for, in the order of the grid."""

    entries: Sequence[Planned]
    slots: int
    """Points that train at a time."""
    num_repeats: int = 0
    """Settings that were the same point as an earlier one."""
    varied: tuple[str, ...] = ()
    """Settings besides the axes that have several values, by dotted name."""
    limits: Limits = field(default_factory=Limits)
    """That points were dropped under."""
    labelling: tuple[Labelling, ...] = ()
    """What is labelled before its students train."""
    cheapest_first: bool = False
    """Whether cheap points come before the dear ones that they may show not to matter."""

    @cached_property
    def to_run(self) -> list[Point]:
        """Points to train, the longest first, so that the end is not one long straggler, but for needed ones;
        or the cheapest first.

        By what is left of their hours, or of their training FLOPs where nothing tells hours. A point comes
        after those that it needs.
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
        """All but the dropped ones."""
        return [entry.point for entry in self.entries if entry.action != "drop"]

    @property
    def wanted_now(self) -> list[Point]:
        """Of these, all but those that are left for later."""
        return [entry.point for entry in self.entries if entry.action not in ("later", "drop")]

    @property
    def predicted(self) -> dict[str, Hours]:
        """Hours of the points to train, now or later, by id, where something tells them."""
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
        """What the dropped points cost the rules, a sentence each."""
        return losses([entry.point for entry in self.entries], self.wanted)

    def passed_over(self) -> list[Planned]:
        """Points that are neither done anywhere, nor to be run, nor dropped: a person should hear of each."""
        return [
            entry
            for entry in self.entries
            if entry.action not in ("run", "later", "drop") and entry.why != "done" and entry.origin is None
        ]


def make_plan(study: Study, expansion: Expansion, site: Site, wishes: Wishes | None = None) -> Plan:
    """What is to be done with each point, from the study's files and from what is wanted."""
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
        entries.append(_reused(entry, wishes.origins))
    entries = _constrained(entries, wishes.constraint)
    return Plan(entries, site.slots, expansion.num_repeats, expansion.varied)


def limited(plans: Sequence[Plan], limits: Limits) -> list[Plan]:
    """The plans of one line with the points dropped that do not fit within the limits on all of them.

    Refused where they, or the constraints before them, leave nothing.
    """
    wanted = [entry for plan in plans for entry in plan.entries if entry.action != "drop"]
    if not wanted:
        raise Refused(_nothing_left("where", [entry for plan in plans for entry in plan.entries]))
    reasons = over(limits, [_share(entry) for entry in wanted])
    if len(reasons) == len(wanted):
        raise Refused(_nothing_left("limit", [_dropped(entry, reasons) for entry in wanted]))
    return [
        replace(plan, entries=[_dropped(entry, reasons) for entry in plan.entries], limits=limits)
        for plan in plans
    ]


def decide(study: Study, point_id: str, state: State, queued: str | None = None) -> tuple[Action, str]:
    """What a launch does with a point in this state, and why; `queued` is the job that it is left to."""
    if state.status == "completed":
        return "skip", "done"
    if state == State() and queued is None:
        return "run", "new"
    holder = lease.live_holder(study.directory(point_id))
    if holder is not None:
        return "wait", f"running in process {holder.pid} on {holder.host.split('/')[0]}"
    if queued is not None:
        return "wait", f"left to {queued}"
    if state.status == "failed":
        return _after_failure(state, study.directory(point_id))
    if state.epoch:
        return "run", f"goes on after epoch {state.epoch}"
    return "run", "new" if state.message is None else state.message


def _after_failure(state: State, directory: Path) -> tuple[Action, str]:
    what = f"{state.failure}: {state.message}"
    if state.failure == "diverged":
        return "skip", f"{what} (an outcome, kept; remove {directory} to train it again)"
    if state.failure == "dominated":
        study = directory.parent.parent
        retry = f"python -m control retry {quote(str(study))} --failure dominated"
        return "skip", f"{what} (an outcome, kept; {retry} trains it to its end)"
    if state.failure == "code_error" and state.code == code_digest():
        return "skip", f"{what} (the code has not changed since; mend it, or remove {directory})"
    return "retry", what


def _reused(entry: Planned, origins: Mapping[str, Path]) -> Planned:
    origin = origins.get(entry.point.id)
    if origin is None or not entry.is_to_train:
        return entry
    return replace(entry, action="skip", why=f"done in {origin}", origin=origin)


def _constrained(entries: Sequence[Planned], constraint: Callable[[Planned], str | None]) -> list[Planned]:
    kept = []
    for entry in entries:
        reason = constraint(entry)
        kept.append(entry if reason is None else replace(entry, action="drop", why=reason, origin=None))
    return kept


def _dropped(entry: Planned, reasons: Mapping[str, str]) -> Planned:
    reason = reasons.get(entry.point.id)
    if reason is None or entry.action == "drop":
        return entry
    return replace(entry, action="drop", why=reason, origin=None)


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
    """How many points each reason leaves out, and that of the cheapest in full."""
    counts = Counter(reason_in_short(entry.why) for entry in dropped)
    cheapest = min(dropped, key=lambda entry: entry.point.cost.train_flops)
    listed = ", ".join(f"{count} by {reason}" for reason, count in counts.most_common(REASONS_AT_MOST))
    return (
        f"{what} leaves none of {len(dropped)} points ({listed}); the cheapest is {cheapest.point}: "
        f"{cheapest.why}."
    )


def reason_in_short(why: str) -> str:
    """The limit or condition that drops a point, without the point's own numbers."""
    return why.partition(":")[0].partition(" is false")[0].removesuffix(" is used up")
