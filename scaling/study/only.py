"""Only: a selection of the points of a grid to train now; the others are left for later."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from scaling.errors import Refused
from scaling.study.plan import Plan, Planned


def only(plans: Sequence[Plan], ids: Collection[str]) -> list[Plan]:
    """The plans of one command line, training only points whose ids begin with one of `ids` and their needs.

    Completed, running and dropped points stay as they are. Raises Refused for an id that no point has.
    """
    entries = {entry.point.id: entry for plan in plans for entry in plan.entries}
    now = _with_needs({each for text in ids for each in _begun_with(text, entries)}, entries)
    return [replace(plan, entries=[_later(entry, now) for entry in plan.entries]) for plan in plans]


def _begun_with(text: str, ids: Collection[str]) -> list[str]:
    found = [each for each in ids if each.startswith(text)]
    if not found:
        raise Refused(f"only={text}: no point of the {len(ids)} has such an id; plan.csv lists them.")
    return found


def _with_needs(ids: Collection[str], entries: dict[str, Planned]) -> set[str]:
    found, open_ids = set(ids), list(ids)
    while open_ids:
        needs = {each for each in entries[open_ids.pop()].point.needs if each in entries} - found
        found |= needs
        open_ids += needs
    return found


def _later(entry: Planned, now: Collection[str]) -> Planned:
    if entry.point.id in now or not entry.is_to_train:
        return entry
    return replace(entry, action="later", why=f"not among only ({entry.why})")
