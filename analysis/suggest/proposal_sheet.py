"""A proposal as tables and sentences for people, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

from analysis.sheet import Sheet
from analysis.suggest.foresight_sheet import foresights_json
from analysis.suggest.proposal import Proposal
from analysis.suggest.sentences import NOTHING_DIFFERS, TOO_SMALL, outlook
from analysis.table import AXES
from scaling.quantity import duration_text


def points_sheet(proposal: Proposal) -> Sheet:
    """One row per run, the one that teaches most for its price first."""
    points = proposal.suggestion.points
    rows = [
        (
            *(f"{row[name]:g}" for name in (*AXES, "seed")),
            f"{row['train_flops']:.3g}",
            proposal.suggestion.name_of(row["rule"]),
            "" if isnan(row["shrinks"]) else f"{row['shrinks']:.1%}",
        )
        for row in points.to_dict("records")
    ]
    head = ("depth", "width", "px", "epochs", "seed", "train FLOPs", "teaches most of", "shrinks it")
    note = "Shrinks it: share by which the run is expected to shrink the interval of that rule."
    return Sheet("The runs that teach most for their price", note, head, rows)


def proposal_sentences(proposal: Proposal) -> Iterator[str]:
    """The outlook, what the runs take, and what to type."""
    found = proposal.suggestion
    yield from outlook(found, proposal.budget)
    if proposal.hours is not None and len(found.points):
        yield f"That is {duration_text(3600 * proposal.hours)} of one device."
    if found.status == "settled" and not proposal.tells_noise:
        yield (
            "The grid has no repeats: without second seeds its noise stays unknown, and every rule undecided."
        )
    elif found.is_flat:
        yield NOTHING_DIFFERS if found.spent else TOO_SMALL
    if proposal.line is not None:
        yield f"To make them: {proposal.line}"
    if proposal.missing:
        yield proposal.missing


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """The proposal as plain values."""
    found = proposal.suggestion
    return {
        "source": proposal.source,
        "status": found.status,
        "spent": found.spent,
        "price": found.price,
        "whole": found.whole,
        "device_hours": proposal.hours,
        "rules": foresights_json(found),
        "points": [
            {
                **({} if row["point"] is None else {"point": row["point"]}),
                **{name: row[name] for name in (*AXES, "seed", "flops", "train_flops", "rule")},
                "shrinks": None if isnan(row["shrinks"]) else row["shrinks"],
            }
            for row in found.points.to_dict("records")
        ],
        "line": proposal.line,
    }
