"""A family as a table and sentences for people, and as plain values for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from analysis.family.family import Family
from analysis.family.recommend import EQUAL_POINTS
from analysis.law.average import MULTIPLY, Average
from analysis.sheet import Sheet
from scaling.quantity import count_text, counted, listed


def family_sheet(family: Family) -> Sheet:
    """One row per budget."""
    timed = family.latency is not None
    lengths = sorted({member.epochs for member in family.members})
    epochs = listed([*(f"{each:g}" for each in lengths[:-1]), counted(lengths[-1], "epoch")])
    head = ("budget", "depth", "width", "px", "params", "FLOPs", "memory")
    rows = [
        (
            str(member.budget),
            f"{member.depth:g}",
            f"{member.width:g}",
            f"{member.resolution}",
            count_text(member.params),
            count_text(member.flops),
            f"{member.memory_gb:.3g} GB",
            *((f"{member.latency_ms:.3g} ms",) if member.latency_ms is not None else ()),
            f"{member.top1:.1f} ({member.ci95[0]:.1f}, {member.ci95[1]:.1f})",
        )
        for member in family.members
    ]
    note = (
        "Top-1: mean over seeds, predicted by an average of laws, with its 95 % interval. Each model is the "
        f"cheapest of those that may be as good as the best, to {EQUAL_POINTS:g} points."
    )
    latency = ("latency",) if timed else ()
    return Sheet(f"Family at {epochs}", note, (*head, *latency, "top-1 (%)"), rows)


def family_sentences(family: Family) -> list[str]:
    """What a person should know before training the models."""
    latency = family.latency
    found = [
        _average_sentence(family.laws, family.models),
        f"The best single law, fitted on cheaper models only, missed the more expensive ones by "
        f"{family.missed:.2f} points: {family.best_single}.",
        f"The costs are those of {family.base.of}.",
        "Top-1 is the mean over seeds: a single run also varies by the noise of a run.",
    ]
    if latency is not None:
        of = family.latency_of or "as the table has them"
        found.append(
            f"Latencies, {of}, are predicted from the measured ones by a power law of depth, width and "
            f"resolution, to within {latency.error:.0%}: a model may miss its budget by as much."
        )
    for member in family.members:
        if member.beyond:
            found.append(
                f"extrapolation: the model for {member.budget} lies beyond the measured "
                f"{listed(member.beyond)}; its interval is widened by those {family.missed:.2f} points."
            )
        if member.at_edge:
            found.append(
                f"optimum_at_edge: the model for {member.budget} is at the end of the measured "
                f"{listed(member.at_edge)}: the best may lie beyond."
            )
    return [*found, *([family.base.missing] if family.base.missing else [])]


def _average_sentence(average: Average, models: str) -> str:
    forms = (f"{share:.0%} {law.form.name}" for law, share in zip(average.laws, average.shares, strict=True))
    return (
        f"Accuracies are predicted by an average of laws of {models}, weighted by how well each explains "
        f"them and by prior odds of {MULTIPLY:g} to 1 that gains multiply: {'; '.join(forms)}."
    )


def family_json(family: Family) -> dict[str, Any]:
    """The family as plain values."""
    return {
        "source": family.source,
        "laws": [
            {"share": share, "formula": law.formula_text()}
            for law, share in zip(family.laws.laws, family.laws.shares, strict=True)
        ],
        "models": [asdict(member) for member in family.members],
        "notes": family_sentences(family),
    }
