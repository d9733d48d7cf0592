"""Needs: points that must be trained, with their weights kept, before others can start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from scaling.errors import Refused
from scaling.study.plan import Plan, Planned
from scaling.study.point import Point
from scaling.study.stages import stages
from scaling.study.store import Study


def is_met(need: str, studies: Sequence[Study]) -> bool:
    """Whether the needed point is completed, with its weights kept, in one of the studies."""
    return any(study.weights(need).exists() and study.state(need).status == "completed" for study in studies)


def why_unmet(need: str, studies: Sequence[Study]) -> str:
    """Why a needed point is not available, as a clause that follows its id."""
    for study in studies:
        state = study.state(need)
        if state.status == "completed":
            return (
                f"has kept no weights: move {study.directory(need)} away and type the line that made it "
                "again, with keep_weights=true"
            )
        if state.status == "failed":
            return f"failed ({state.failure}: {state.message})"
        if study.directory(need).exists():
            return "is not done"
    return "is neither done nor planned"


class Needs:
    """The points that other points need, and whether these are available by now."""

    def __init__(self, points: Iterable[Point], studies: Sequence[Path]) -> None:
        self._needs = {point.id: point.needs for point in points if point.needs}
        self._studies = [Study(path) for path in studies]
        self._met: set[str] = set()

    def unmet(self, point_id: str) -> list[str]:
        """Ids of the points that this one still waits for."""
        needs = [need for need in self._needs.get(point_id, ()) if need not in self._met]
        self._met |= {need for need in needs if is_met(need, self._studies)}
        return [need for need in needs if need not in self._met]

    def why(self, point_id: str) -> str:
        """Why the point cannot start, as a clause."""
        need = self.unmet(point_id)[0]
        return f"it needs {need}, which {why_unmet(need, self._studies)}"


def without_unmet(plans: Mapping[Path, Plan], elsewhere: Sequence[Path]) -> list[Plan]:
    """The plans of one command line without points whose needs are neither completed nor trained by it.

    Needed points lie in a study of the line or in those of `elsewhere`. Raises Refused if no point is left.
    """
    entries = {entry.point.id: entry for plan in plans.values() for entry in plan.entries}
    studies = [Study(path) for path in dict.fromkeys([*plans, *elsewhere])]
    stage_of = stages([entry.point for entry in entries.values()])
    unmet: list[str] = []
    for each in sorted(entries, key=lambda each: stage_of[each]):
        reason = _unmet(entries[each], entries, studies) if entries[each].is_to_train else None
        if reason is not None:
            entries[each] = replace(entries[each], action="drop", why=f"a point that it needs: {reason}")
            unmet.append(reason)
    if unmet and all(entry.action == "drop" for entry in entries.values()):
        raise Refused(f"No point can start: it needs {unmet[0]}.")
    return [
        replace(plan, entries=[entries[entry.point.id] for entry in plan.entries]) for plan in plans.values()
    ]


def _unmet(entry: Planned, entries: Mapping[str, Planned], studies: Sequence[Study]) -> str | None:
    """Why a need of the point will not be met; None if all needs are or will be met."""
    for need in entry.point.needs:
        why = _why_not(entries.get(need), need, studies)
        if why is not None:
            return f"{need}, which {why}"
    return None


def _why_not(needed: Planned | None, need: str, studies: Sequence[Study]) -> str | None:
    if is_met(need, studies):
        return None
    if needed is None:
        return why_unmet(need, studies)
    if needed.is_to_train or needed.action == "wait":
        return None
    if needed.action == "drop":
        return f"is dropped ({needed.why})"
    if needed.origin is not None:
        return (
            None if Study(needed.origin).weights(need).exists() else f"has kept no weights in {needed.origin}"
        )
    return why_unmet(need, studies)
