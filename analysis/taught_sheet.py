"""The table of pseudo-labels: what each network gains by them."""

from __future__ import annotations

from analysis.additive_sheet import interval_cell
from analysis.sheet import Sheet
from analysis.table import AXES
from analysis.taught import Taught


def taught_sheet(found: Taught) -> Sheet:
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
        "pseudo-labelled images beside each labelled one, and their kind. Verdicts over all networks share 5 "
        "%, and so do those of single ones.",
        ("variant", *AXES, "seeds", "gain", "95 %", "verdict"),
        rows,
        topic="pseudo",
    )
