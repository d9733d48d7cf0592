"""What is learned of a study, as the page has it: python -m control.web.learned STUDY prints it as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.findings import Findings, find
from analysis.model import axes_text, half_width
from analysis.noise import GROUP
from analysis.sentences import is_undecided, sentences_by_topic
from analysis.source import read_source
from control.web.curves import number
from control.web.learner import nothing
from scaling.errors import Refused

GIVES_WAY = 19
"""Of Unix's niceness, the most."""
NO_RULE = "These results compare nothing at equal cost: there is no rule."


def main() -> None:
    os.nice(GIVES_WAY)
    sys.stdout.write(json.dumps(learned(sys.argv[1]), allow_nan=False))


def learned(study: str) -> dict[str, Any]:
    """All models with their standing, the rules and the warnings; a sentence where nothing can be said."""
    try:
        findings = find(read_source(study))
    except Refused as refusal:
        return nothing(str(refusal))
    return {
        "num_completed": int((findings.table.rows["status"] == "completed").sum()),
        "frontier": list(_models(findings)),
        "sentences": list(_sentences(findings)),
        "warnings": [{"code": trap.code, "text": trap.message} for trap in findings.traps],
    }


def _models(findings: Findings) -> Iterator[dict[str, Any]]:
    """Cheapest first, `low` and `high` the 95 % interval of the mean over seeds; None where unknown."""
    members = findings.frontiers["flops"].members
    usable = findings.table.usable
    ids = usable.groupby(list(GROUP))["point"].agg(list)
    half = half_width(members, findings.noise)
    several = members["data"].nunique() > 1
    for (_, row), width in zip(members.iterrows(), half, strict=True):
        top1 = 100 - row["error"]
        known = np.isfinite(width)
        yield {
            "ids": ids[tuple(row[name] for name in GROUP)],
            "flops": number(row["flops"]),
            "top1": top1,
            "low": max(top1 - width, 0.0) if known else None,
            "high": min(top1 + width, 100.0) if known else None,
            "num_seeds": int(row["num_seeds"]),
            "name": axes_text(row) + (f", {row['data']}" if several else ""),
            "standing": row["standing"],
        }


def _sentences(findings: Findings) -> Iterator[dict[str, Any]]:
    by_topic = sentences_by_topic(findings)
    for topic, told in by_topic.items():
        for text in told:
            yield {"topic": topic, "text": text, "undecided": is_undecided(text)}
    if not any(by_topic.values()):
        yield nothing(NO_RULE)["sentences"][0]


if __name__ == "__main__":
    main()
