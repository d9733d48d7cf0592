"""Retry: mark failed points of any failure class, and type the lines that run them again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from rich.console import Console

from control.ask import agreed
from control.knobs import Knobs
from control.lines import Line, lines_of
from control.looks import Now
from control.pick import pick_by_id
from control.status import Glance, Watcher
from control.words import FAILURES, Filter
from scaling.errors import INTERRUPTED, Refused
from scaling.quantity import counted
from scaling.study import lease
from scaling.study.result import State
from scaling.study.stopping import put_by
from scaling.study.store import Study

MARK = "to be run again"
"""Message of a marked point; a plan runs every point that has it."""


def retry(
    study: Study, words: Sequence[str], failures: tuple[str, ...], console: Console, *, mark: bool, yes: bool
) -> None:
    """Mark the chosen failed points and, unless `mark`, run them; Refused where no line runs them."""
    glance = Watcher(study).look()
    chosen = _chosen(study, glance, words, failures)
    if not chosen:
        why = _why_nothing(glance, words, failures)
        console.print(f"Nothing to retry: {why}.", soft_wrap=True, markup=False)
        return
    lines = lines_of(study)
    _announce(console, study, glance, chosen, lines)
    if not agreed(console, "Run them again?" if not mark else "Mark them?", yes=yes):
        return
    marked = [now.point.id for now in chosen if mark_again(study, now.point.id)]
    if mark:
        line = f", by typing: {lines[0]}" if lines else "."
        told = f"Marked {counted(len(marked), 'point')} to be run again{line}"
        console.print(told, soft_wrap=True, markup=False)
    else:
        _type_again(study, marked, lines, console)


def _chosen(study: Study, glance: Glance, words: Sequence[str], failures: tuple[str, ...]) -> list[Now]:
    ids = {pick_by_id(study, word) for word in words if "=" not in word}
    knob_words = tuple(word for word in words if "=" in word)
    knobs = Knobs(study, [now.point for now in glance.points])
    wanted = Filter(states=("failed",), failures=failures, words=knob_words).apply(glance.points, knobs)
    if not ids:
        return wanted
    named = Filter(states=("failed",), failures=failures).apply(glance.points, knobs)
    also = wanted if knob_words else []
    return list({now.point.id: now for now in [*also, *(n for n in named if n.point.id in ids)]}.values())


def _why_nothing(glance: Glance, words: Sequence[str], failures: tuple[str, ...]) -> str:
    among = f" of those with {' '.join(words)}" if words else ""
    how = f" by {' or '.join(failures)}" if failures else ""
    counts = glance.status.counts
    silent = (
        f"; {glance.status.num_silent} are silent, which is not a failure yet"
        if glance.status.num_silent
        else ""
    )
    there = ", ".join(f"{count} {what}" for what, count in counts.items())
    return f"no point{among} has failed{how} ({there}{silent})"


def _announce(
    console: Console, study: Study, glance: Glance, chosen: Sequence[Now], lines: Sequence[Line]
) -> None:
    by_class = Counter(str(now.failure) for now in chosen)
    listed = ", ".join(f"{by_class[name]} {name}" for name in FAILURES if by_class[name])
    what = f"{counted(len(chosen), 'point')} ({listed})"
    console.print(f"To be run again in {study.path}: {what}.", soft_wrap=True, markup=False)
    if glance.status.counts["running"]:
        console.print(f"  {counted(glance.status.counts['running'], 'running point')} will go on.")
    for line in lines[:1]:
        console.print(f"  {line}", soft_wrap=True, markup=False)
    if len(lines) > 1:
        console.print(f"  and up to {len(lines) - 1} earlier lines for the points that it leaves out")


def mark_again(study: Study, point_id: str) -> bool:
    """Mark the point, under its lease, to be run again; False where it is held elsewhere or completed.

    A diverged point starts from scratch, since from its checkpoint it would diverge again. A dominated one
    will train to its end.
    """
    held = lease.acquire(study.directory(point_id))
    if held is None:
        return False
    with suppress(lease.Superseded), held:
        state = study.noted(point_id)
        if study.state(point_id).status == "completed":
            return False
        if state.failure == "diverged":
            for name in ("checkpoint.pt", "checkpoint.pt.former", "metrics.jsonl"):
                (study.directory(point_id) / name).unlink(missing_ok=True)
            state = replace(state, epoch=0)
        put_by(study.directory(point_id))
        again = State(
            status="pending",
            failure=state.failure,  # so that a launch can ask for more memory
            message=MARK,
            attempt=state.attempt,
            epoch=state.epoch,
        )
        study.note(point_id, again, held)
        return True
    return False


def _type_again(study: Study, marked: Sequence[str], lines: Sequence[Line], console: Console) -> None:
    """Type the lines, newest first, until no marked point is left; Refused where some are."""
    left = list(marked)
    for line in lines:
        if not left:
            break
        console.print(f"> {line}", soft_wrap=True, markup=False, style="bold")
        if line.type_again() == INTERRUPTED:
            raise KeyboardInterrupt
        left = [point_id for point_id in left if study.noted(point_id).message == MARK]
    if left:
        raise Refused(
            f"No line recorded in study.json runs {len(left)} of the points, such as "
            f"{study.point(left[0])}: they are marked, so type a line that does."
        )
