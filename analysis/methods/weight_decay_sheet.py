"""The interplay of weight decay and regularisation as a table, as sentences and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from analysis.methods.additive_sheet import effect_text, interval_cell
from analysis.methods.weight_decay import ALL, Interaction, Interplay, Level
from analysis.model import points_text
from analysis.sheet import Sheet
from scaling.quantity import listed

CHANGES = {"helps": "better", "hurts": "worse", "undecided": "undecided"}
"""How less weight decay works with more regularisation, by the verdict."""


def interplay_sheet(found: Interplay) -> Sheet:
    """One row per network and level, then one per network for how the effect changes between the levels."""
    rows = [*map(_level_cells, found.levels), *map(_interaction_cells, found.interactions)]
    head = ("network", "regularised by", "seeds", "higher", "lower", "effect", "95 %", "verdict")
    unnamed = int(not any(row[0] for row in rows))
    return Sheet(
        title=f"Weight decay {found.lower:g} instead of {found.higher:g}",
        note=f"{found.metric} in percent with the higher and the lower weight decay; the effect of the lower "
        "one in points, seed by seed, with its 95 % interval. All verdicts share 5 %.",
        head=head[unnamed:],
        rows=[row[unnamed:] for row in rows],
        topic="weight_decay",
    )


def _level_cells(level: Level) -> tuple[str, ...]:
    effect = level.effect
    return (
        level.place,
        level.regularised_by,
        str(effect.num_seeds if effect else 0),
        *("" if each is None else f"{each:.2f}" for each in (level.higher_top1, level.lower_top1)),
        f"{effect.points:+.2f}" if effect else "",
        interval_cell(effect),
        effect.verdict if effect else "",
    )


def _interaction_cells(found: Interaction) -> tuple[str, ...]:
    effect = found.effect
    return (
        found.place,
        "the most minus the least",
        str(effect.num_seeds if effect else 0),
        "",
        "",
        f"{effect.points:+.2f}" if effect else "",
        interval_cell(effect),
        CHANGES[effect.verdict] if effect else "",
    )


def interplay_sentences(found: Interplay) -> Iterator[str]:
    """The effect of less weight decay with the least and the most regularisation, and whether the two
    differ."""
    last = found.interactions[-1]
    ends = [each for each in found.levels if each.place == last.place]
    told = f"{_told(ends[0])}, and {_told(ends[-1])}"
    start = "Over all networks, a" if last.place == ALL else "A"
    yield f"{start} weight decay of {found.lower:g} instead of {found.higher:g} {told}."
    yield interaction_sentence(found)
    if last.place == ALL:
        alone = [f"{_change(each)} at {each.place}" for each in found.interactions[:-1]]
        yield f"By network, the effect changes by {listed(alone)}."
    for gap in found.gaps:
        yield f"{gap.text}."


def interaction_sentence(found: Interplay) -> str:
    """The main answer: whether regularisation changes the effect of less weight decay."""
    effect = found.interactions[-1].effect
    if effect is None:
        return (
            "How regularisation changes the effect of less weight decay is not known: no seed has all of "
            "the results needed."
        )
    change = f"from the least to the most of it by {effect_text(effect)}"
    if effect.verdict == "undecided":
        return f"Whether regularisation changes the effect of less weight decay is undecided: {change}."
    how = CHANGES[effect.verdict]
    return f"Less weight decay does {how} with regularisation than without: {change}."


def _told(level: Level) -> str:
    by = level.regularised_by
    where = f"with {by} regularisation" if level.place == ALL else f"with {by} to regularise"
    if level.effect is None:
        return f"is not known {where}, since no seed has both"
    verb = "is undecided" if level.effect.verdict == "undecided" else level.effect.verdict
    return f"{verb} {where} ({effect_text(level.effect)})"


def _change(found: Interaction) -> str:
    if found.effect is None:
        return "an unknown amount"
    effect = found.effect
    return f"{points_text(effect.points, effect.ci95)}, {CHANGES[effect.verdict]},"


def interplay_json(found: Interplay) -> dict[str, Any]:
    """The interplay as `rules.json` has it."""
    return asdict(found)
