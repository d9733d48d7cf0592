"""A plan: the points of a grid, their costs, and what is to be done with each, before anything runs."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from scaling.study import lease
from scaling.study.files import write_text, writing_below
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study

Action = Literal["run", "skip", "wait", "retry"]


@dataclass(frozen=True)
class Planned:
    """A point and what is to be done with it."""

    point: Point
    action: Action
    why: str
    hours: float | None = None
    """What its training steps take on this device; None where `python -m scaling profile` did not measure."""


@dataclass(frozen=True)
class Plan:
    """Every point asked for, in the order of the grid."""

    entries: Sequence[Planned]

    @cached_property
    def to_run(self) -> list[Point]:
        """Points to train, dearest first, so that the end is not one long straggler."""
        points = [entry.point for entry in self.entries if entry.action in ("run", "retry")]
        return sorted(points, key=lambda point: -point.cost.train_flops)

    @property
    def known_hours(self) -> list[float]:
        """Of the points to train, as far as they are known."""
        return [
            entry.hours
            for entry in self.entries
            if entry.action in ("run", "retry") and entry.hours is not None
        ]

    @property
    def counts(self) -> Counter[Action]:
        return Counter(entry.action for entry in self.entries)

    def passed_over(self) -> list[Planned]:
        """Points that are neither done nor to be run; a person should hear of each."""
        return [entry for entry in self.entries if entry.action != "run" and entry.why != "done"]

    def write(self, path: Path) -> None:
        """One line a point, as CSV."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        first = self.entries[0].point
        writer.writerow(["point", *first.axes, *asdict(first.cost), "hours", "action", "why"])
        for entry in self.entries:
            point = entry.point
            costs = asdict(point.cost).values()
            hours = "" if entry.hours is None else f"{entry.hours:.6g}"
            writer.writerow([point.id, *point.axes.values(), *costs, hours, entry.action, entry.why])
        with writing_below(path.parent):
            write_text(path, text.getvalue())


def make_plan(
    study: Study, points: Sequence[Point], step_seconds: Callable[[Point], float | None] = lambda _: None
) -> Plan:
    """What the study's files say about each point, and how long it takes.

    `step_seconds` tells how long a training step of a point takes, or None where nobody measured it.
    """
    states = study.states([point.id for point in points])
    return Plan(
        [
            Planned(point, *_decide(study, point.id, states[point.id]), _hours(point, step_seconds(point)))
            for point in points
        ]
    )


def _hours(point: Point, seconds: float | None) -> float | None:
    return None if seconds is None else seconds * point.epochs * point.steps_per_epoch / 3600


def _decide(study: Study, point_id: str, state: State) -> tuple[Action, str]:
    if state.status == "completed":
        return "skip", "done"
    holder = lease.live_holder(study.directory(point_id))
    if holder is not None:
        return "wait", f"running in process {holder.pid} on {holder.host.split('/')[0]}"
    if state.status == "failed":
        return _after_failure(state, study.directory(point_id))
    if state.epoch:
        return "run", f"goes on after epoch {state.epoch}"
    return "run", "new" if state.message is None else state.message


def _after_failure(state: State, directory: Path) -> tuple[Action, str]:
    what = f"{state.failure}: {state.message}"
    if state.failure == "diverged":
        return "skip", f"{what} (an outcome, kept; remove {directory} to train it again)"
    if state.failure == "code_error" and state.code == code_digest():
        return "skip", f"{what} (the code has not changed since; mend it, or remove {directory})"
    return "retry", what
