"""Pick one point by its id, the start of its id, or knobs that only it has."""

from __future__ import annotations

from collections.abc import Sequence

from control.knobs import Knobs
from control.point import Seen
from control.survey import Survey
from control.words import Values, checked, has
from scaling.errors import Refused
from scaling.study.spelling import nearest
from scaling.study.store import Study

NAMED_AT_MOST = 5


def pick(study: Study, words: Sequence[str]) -> str:
    """The id of the one point that the words name; Refused where they name none or several."""
    if all("=" not in word for word in words):
        if len(words) > 1:
            raise Refused(f"{' '.join(words)} are several points: give one.")
        return pick_by_id(study, words[0])
    points = Survey(study).points()
    if not points:
        raise Refused(f"{study.path} has no points yet: a line without plan=true makes them.")
    knobs = Knobs(study, points)
    values = checked(words, knobs)
    found = [point for point in points if has(point, values, knobs)]
    if not found:
        raise Refused(f"No point has {' '.join(words)}; the nearest is {_nearest(points, values, knobs)}.")
    if len(found) > 1:
        raise Refused(f"{len(found)} points have {' '.join(words)}: {_differences(found, knobs)}.")
    return found[0].id


def pick_by_id(study: Study, start: str) -> str:
    """The one point whose id begins with `start`; Refused where there is none or several."""
    ids = study.point_ids()
    found = [point_id for point_id in ids if point_id.startswith(start)]
    if start in found:
        return start
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(found[:NAMED_AT_MOST])
        raise Refused(f"{start} is the start of {len(found)} points, such as {named}: type more of it.")
    such = f"give an id such as {ids[0]}, or knobs such as depth=14" if ids else "it has none"
    near = nearest(start, ids) if 0 < len(ids) <= NAMED_AT_MOST else such
    raise Refused(f"{start} is not a point of {study.path}: {near}.")


def _nearest(points: Sequence[Seen], values: Values, knobs: Knobs) -> str:
    """Describe the point that has most of the wanted values."""

    def num_met(point: Seen) -> int:
        return sum(has(point, {name: wanted}, knobs) for name, wanted in values.items())

    best = max(points, key=num_met)
    return f"{best.words} ({best.id})"


def _differences(found: Sequence[Seen], knobs: Knobs) -> str:
    names = [name for name in knobs.varied if len({knobs.of(point, name) for point in found}) > 1]
    return f"say which by {', '.join(names)}" if names else f"say which by its id, such as {found[0].id}"
