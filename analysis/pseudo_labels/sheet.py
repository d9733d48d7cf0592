"""What pseudo-labels gain, as a table, as sentences and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.methods.additive_sheet import interval_cell
from analysis.model import points_text, signed
from analysis.pseudo_labels.pseudo_labels import Gain, PseudoLabelGains, Slope
from analysis.rounding import rounded, rounded_each
from analysis.sheet import Sheet
from analysis.table import AXES
from scaling.quantity import counted


def pseudo_labels_sheet(found: PseudoLabelGains) -> Sheet:
    """All gains, those over all networks first."""
    rows = [
        (
            each.variant,
            *(("all", "", "", "") if each.network is None else (f"{each.network[axis]:g}" for axis in AXES)),
            str(each.effect.num_seeds),
            f"{each.effect.points:+.2f}",
            interval_cell(each.effect) or "unknown",
            each.effect.verdict,
        )
        for each in (*found.overall, *found.by_network)
    ]
    return Sheet(
        "Pseudo-labels: gain over none",
        f"In points of {found.metric}, paired by seed with the same network without them; a variant is the "
        "pseudo-labelled images per labelled one, and their kind. Verdicts over all networks share 5 "
        "%, and so do those of single ones.",
        ("variant", *AXES, "seeds", "gain", "95 %", "verdict"),
        rows,
        topic="pseudo",
    )


def pseudo_labels_sentences(found: PseudoLabelGains) -> Iterator[str]:
    """The verdicts over all networks, and on depth against width."""
    for each in found.overall:
        effect = each.effect
        said = {"helps": "help", "hurts": "hurt", "undecided": "are undecided"}[effect.verdict]
        one = " with one teacher" if each.num_teachers == 1 and effect.num_seeds > 1 else ""
        yield (
            f"Pseudo-labels ({each.variant}) {said}: {points_text(effect.points, effect.ci95)} over none, "
            f"{counted(effect.num_seeds, 'seed')}{one}, {counted(each.num_pairs, 'pair')}."
        )
    for slope in found.slopes:
        verdict = {
            "depth": "deeper networks gain more from them than wider ones",
            "width": "wider networks gain more from them than deeper ones",
            "undecided": "whether depth or width gains more from them is undecided",
        }[slope.prefer]
        yield (
            f"Pseudo-labels ({slope.variant}): {verdict}; a doubling of depth adds "
            f"{signed(slope.depth_points)} points to the gain, one of width "
            f"{signed(slope.width_points)}, the difference is "
            f"{points_text(slope.effect.points, slope.effect.ci95)}, "
            f"{counted(slope.effect.num_seeds, 'seed')}."
        )


def pseudo_labels_json(found: PseudoLabelGains) -> dict[str, object]:
    """What pseudo-labels gain, as `rules.json` has it."""
    return {
        "metric": found.metric,
        "overall": [_gain_json(each) for each in found.overall],
        "by_network": [_gain_json(each) for each in found.by_network],
        "depth_against_width": [_slope_json(each) for each in found.slopes],
    }


def _gain_json(found: Gain) -> dict[str, object]:
    return {
        "variant": found.variant,
        **({} if found.network is None else {"at": found.network}),
        "gain_points": rounded(found.effect.points),
        "ci95": rounded_each(found.effect.ci95),
        "num_seeds": found.effect.num_seeds,
        "num_pairs": found.num_pairs,
        "num_teachers": found.num_teachers,
        "verdict": found.effect.verdict,
    }


def _slope_json(found: Slope) -> dict[str, object]:
    return {
        "variant": found.variant,
        "depth_points": rounded(found.depth_points),
        "width_points": rounded(found.width_points),
        "difference_points": rounded(found.effect.points),
        "ci95": rounded_each(found.effect.ci95),
        "num_seeds": found.effect.num_seeds,
        "prefer": found.prefer,
    }
