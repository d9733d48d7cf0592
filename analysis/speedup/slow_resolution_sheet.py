"""The sheet and sentences of slow resolution: every two ladders at equal accuracy, and the best of all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.sheet import MAX_ROWS, Sheet
from analysis.speedup.sentences import inverse, times_text
from analysis.speedup.sheet import interval_cell
from analysis.speedup.slow_resolution import Ladders
from scaling.quantity import counted, listed

TOPIC = "ladders"


def ladder_sheet(found: Sequence[Ladders]) -> Sheet:
    """Every two ladders, one row per cost."""
    rows = [
        (
            pair.cost.full_label,
            f"{each.epochs:g}",
            _pixels(each, pair.family),
            _pixels(each, pair.base),
            "none in common" if pair.times is None else f"{pair.times:.2f}",
            interval_cell(pair.ci95),
            pair.verdict,
        )
        for each in found
        for pair in each.pairs
    ]
    head = ("cost", "epochs", "slower ladder (px)", "faster ladder (px)", "times less", "95 %", "verdict")
    note = (
        "The same networks at the resolutions of two ladders, smallest network first. Times less: cost "
        "of the faster ladder over that of the slower one at equal accuracy, as for families. Verdicts "
        "share 5 %."
    )
    return Sheet("Ladders of resolution", note, head, rows[:MAX_ROWS], len(rows), TOPIC)


def ladder_sentences(found: Sequence[Ladders]) -> Iterator[str]:
    """The ladder that is on the frontier, at each cost."""
    for each in found:
        frontier = f"the frontier of error against {each.cost.full_label}"
        at = f"At {counted(each.epochs, 'epoch')}, of {len(each.ladders)} ladders of resolution"
        if each.best is not None:
            yield f"{at} {_pixels(each, each.best)} px is on {frontier}: {_lead(each, each.best)}."
            continue
        left = listed([f"{_pixels(each, name)} px" for name in each.on_frontier])
        beaten = [
            f"{_pixels(each, ladder.name)} px by {listed([_pixels(each, by) for by in ladder.beaten_by])}"
            for ladder in each.ladders
            if ladder.beaten_by
        ]
        rest = f"; beaten beyond noise: {listed(beaten)}" if beaten else ""
        yield f"{at} it is undecided which is on {frontier}, {left}{rest}."


def _lead(found: Ladders, best: str) -> str:
    """The costs of the other ladders: `for equal accuracy 32-37-54 costs 1.31 times (1.10, 1.52) as much`."""
    parts = []
    for pair in found.pairs:
        if best == pair.family and pair.times is not None:
            parts.append(f"{_pixels(found, pair.base)} costs {times_text(pair.times, pair.ci95)}")
        elif best == pair.base and pair.times is not None:
            more = times_text(1 / pair.times, inverse(pair.ci95))
            parts.append(f"{_pixels(found, pair.family)} costs {more}")
    return f"for equal accuracy {listed(parts)} as much"


def _pixels(found: Ladders, name: str) -> str:
    """A ladder as text: `32-37-54`."""
    return next("-".join(map(str, each.pixels)) for each in found.ladders if each.name == name)
