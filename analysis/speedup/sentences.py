"""The sentences of speed-ups: what one family costs at the accuracy of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from analysis.metric import PROFILED
from analysis.speedup.family_pair import Bounds
from analysis.speedup.printed import PrintedPair
from analysis.speedup.speedup import Speedup
from analysis.table import Table
from scaling.quantity import counted, listed


def speedup_sentences(
    table: Table, found: Sequence[Speedup], printed: Sequence[PrintedPair]
) -> Iterator[str]:
    """The comparisons in words, those that are printed, and how to measure what was not measured."""
    yield from map(speedup_sentence, found)
    for cost in dict.fromkeys(each.cost for each in printed):
        yield _printed_sentence([each for each in printed if each.cost == cost])
    if any(each.times is not None for each in found) and all(each.ci95 is None for each in found):
        yield (
            "Without the noise of a run there is no interval and no verdict: repeat the models with other "
            "seeds, three of each at least."
        )
    if found and (unmeasured := unmeasured_text(table)):
        yield unmeasured


def speedup_sentence(found: Speedup) -> str:
    """`At 12 epochs and at equal accuracy, 60.10 to 77.20 %, resnet_rs has 1.90 times (…) less FLOPs than
    …`"""
    at, cost, common = f"At {counted(found.epochs, 'epoch')}", found.cost.full_label, found.common_top1
    if common is None or found.times is None:
        theirs, ours = (f"{low:.2f} to {high:.2f} %" for low, high in (found.family_top1, found.base_top1))
        return (
            f"{at} {found.family} ({theirs}) and {found.base} ({ours}) have no accuracy in common to compare "
            f"{cost} at, and nothing is said beyond what was measured."
        )
    at = f"{at} and at equal accuracy, {common[0]:.2f} to {common[1]:.2f} %"
    if found.verdict == "undecided":
        names = f"{found.family} and {found.base} cannot be told apart in {cost}"
        return f"{at}, {names}: {times_text(found.times, found.ci95)}."
    if found.verdict == "cheaper":
        return (
            f"{at}, {found.family} has {times_text(found.times, found.ci95)} less {cost} than {found.base}."
        )
    more = times_text(1 / found.times, inverse(found.ci95))
    return f"{at}, {found.family} has {more} more {cost} than {found.base}."


def _printed_sentence(pairs: Sequence[PrintedPair]) -> str:
    """For one cost: the printed ratios, those of the table for the same pairs, and those at equal
    accuracy."""
    reached = [each.at_slow for each in pairs if each.at_slow is not None]
    equal = (
        f"{_span(reached)} at the accuracy of the slower one, interpolated ({len(reached)} of {len(pairs)})"
        if reached
        else "and no common range of accuracy to interpolate in"
    )
    return (
        f"{counted(len(pairs), 'printed pair')} at about equal accuracy: "
        f"{_span([each.printed for each in pairs])} times less {pairs[0].cost.full_label} as printed, "
        f"{_span([each.times for each in pairs])} as the table has it, {equal}."
    )


def _span(values: Sequence[float]) -> str:
    """The range of values as text: `1.7 to 2.7`."""
    ends = [f"{end:.1f}" for end in (min(values), max(values))]
    return " to ".join(dict.fromkeys(ends))


def times_text(times: float, ci95: Bounds | None) -> str:
    """A ratio with its interval: `1.90 times (1.60, 2.30)`."""
    bounds = (
        "no interval" if ci95 is None else ", ".join("open" if end is None else f"{end:.2f}" for end in ci95)
    )
    return f"{times:.2f} times ({bounds})"


def inverse(ci95: Bounds | None) -> Bounds | None:
    """The interval of the inverse ratio."""
    if ci95 is None:
        return None
    low, high = (None if end is None else 1 / end for end in ci95)
    return high, low


def unmeasured_text(table: Table) -> str:
    """The command that measures what was not measured; empty where nothing is missing, or the source is not a
    study."""
    measured = {each.name for each in table.profiled}
    lacking = [each.label for each in PROFILED.values() if each.name not in measured]
    if not lacking or "point" not in table.rows or table.rows["point"].isna().all():
        return ""
    was = "was" if len(lacking) == 1 else "were"
    names = listed(lacking)
    return (
        f"{names[0].upper()}{names[1:]} {was} not measured: python -m scaling profile {quote(table.source)} "
        "measures what is missing."
    )
