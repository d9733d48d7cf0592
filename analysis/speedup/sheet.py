"""The sheets of speed-ups: families at equal accuracy, model by model, and as a paper prints them."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.sheet import MAX_ROWS, Sheet
from analysis.speedup.family_pair import Bounds
from analysis.speedup.printed import PrintedPair
from analysis.speedup.speedup import MAX_UNEQUAL, AtModel, Speedup

TOPIC = "speedup"


def speedup_sheet(found: Sequence[Speedup]) -> Sheet:
    """Every family against the base, one row per cost."""
    head = ("family", "over", "epochs", "cost", "times less", "95 %", "verdict", "from (%)", "to (%)")
    rows = [
        (
            each.family,
            each.base,
            f"{each.epochs:g}",
            each.cost.full_label,
            "none in common" if each.times is None else f"{each.times:.2f}",
            interval_cell(each.ci95),
            each.verdict,
            *(("", "") if each.common_top1 is None else (f"{end:.2f}" for end in each.common_top1)),
        )
        for each in found
    ]
    note = (
        "Cost of the second family over that of the first where both reach the same accuracy: the geometric "
        "mean over all accuracies (from, to) that both reach, interpolated linearly in accuracy over log "
        "cost between the models of each frontier, and never beyond them. Intervals are 95 %, under new "
        "seeds and new measurements of these models; verdicts share 5 %, and there is none where one family "
        f"has more than {MAX_UNEQUAL} times as many models as the other."
    )
    return Sheet("Speed-up at equal accuracy", note, head, rows[:MAX_ROWS], len(rows), TOPIC)


def at_model_sheet(found: Sequence[Speedup]) -> Sheet:
    """The speed-ups at the accuracy of each model on the frontier of the base."""
    rows = [
        (
            each.family,
            each.cost.full_label,
            model.title,
            f"{model.top1:.2f}",
            each.cost.text(model.cost),
            *_at_cells(each, model),
        )
        for each in found
        for model in each.at
    ]
    head = ("family", "cost", "at the accuracy of", "accuracy (%)", "its cost", "times less", "95 %")
    note = "Open: so many replicates lie beyond what was measured that the interval has no end there."
    return Sheet("Speed-up at the accuracy of each model", note, head, rows[:MAX_ROWS], len(rows), TOPIC)


def _at_cells(found: Speedup, model: AtModel) -> tuple[str, str]:
    if model.times is not None:
        return f"{model.times:.2f}", interval_cell(model.ci95)
    low, high = found.family_top1
    if model.top1 > high:
        return "", f"not reached: {high:.2f} % at most"
    return "", f"below its cheapest: {low:.2f} %" if model.top1 < low else "in a gap"


def printed_sheet(found: Sequence[PrintedPair]) -> Sheet:
    """Pairs as printed, as in the table, and at equal accuracy."""
    rows = [
        (
            f"{each.fast} over {each.slow}",
            each.cost.full_label,
            f"{each.printed:g}",
            f"{each.times:.2f}",
            f"{each.top1_lead:+.1f}",
            "out of range" if each.at_slow is None else f"{each.at_slow:.2f}",
            interval_cell(each.at_slow_ci95),
        )
        for each in found
    ]
    head = ("pair", "cost", "printed", "ratio", "lead (points)", "at equal accuracy", "95 %")
    note = (
        "Ratio: of the two costs in the table. Lead: accuracy of the first minus that of the second. At "
        "equal accuracy: the family of the first at the accuracy of the second, interpolated, with the "
        "noise of a run that the source declares."
    )
    return Sheet("Speed-ups as printed", note, head, rows, topic=TOPIC)


def interval_cell(ci95: Bounds | None) -> str:
    """An interval as text: `1.52–2.10`, `1.52–open`, or empty."""
    if ci95 is None:
        return ""
    return "–".join("open" if end is None else f"{end:.2f}" for end in ci95)
