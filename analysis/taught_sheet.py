"""The table of pseudo-labels: what each network gains by them."""

from __future__ import annotations

from analysis.sheet import Sheet
from analysis.table import AXES
from analysis.taught import Taught


def taught_sheet(found: Taught) -> Sheet:
    """All gains, those over all networks first."""
    rows = [
        (
            each.variant,
            *(("all", "", "", "") if each.network is None else (f"{each.network[axis]:g}" for axis in AXES)),
            str(each.num_seeds),
            f"{each.points:+.2f}",
            "unknown" if each.ci95 is None else f"{each.ci95[0]:+.2f} to {each.ci95[1]:+.2f}",
            each.verdict,
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
