"""What a study has taught, for the page: python -m control.web.learned STUDY prints it as lines of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from analysis.findings import Findings, find, find_frontiers
from analysis.metric import FLOPS
from analysis.model import axes_text, half_width
from analysis.noise import GROUP
from analysis.noise_estimate import noise_of
from analysis.sentences import HEADINGS, NO_RULE, sentences_by_topic
from analysis.source.source import read_source
from analysis.summary import summary
from analysis.table import Table
from analysis.traps.trap import by_gravity
from control.web.learner import no_rule
from scaling.errors import Refused


def main() -> None:
    for part in parts(sys.argv[1]):
        sys.stdout.write(json.dumps(part, allow_nan=False) + "\n")
        sys.stdout.flush()


def parts(study: str) -> Iterator[dict[str, Any]]:
    """Yield all models with their standing, then the rules and warnings, which take longer; for a study that
    is refused, yield a part without models that says why."""
    try:
        table = read_source(study)
        num_completed = int((table.rows["status"] == "completed").sum())
        yield {"num_completed": num_completed, "frontier": list(_models(table))}
        yield _rules(find(table))
    except Refused as refusal:
        yield {"num_completed": 0, "frontier": []} | no_rule(str(refusal))


def _models(table: Table) -> Iterator[dict[str, Any]]:
    """The models, cheapest first; `low` and `high` are the 95 % interval of the mean over seeds."""
    members = find_frontiers(table)[FLOPS.name].members
    ids = table.usable.groupby(list(GROUP))["point"].agg(list)
    half = half_width(members, noise_of(table, members))
    several = members["data"].nunique() > 1
    for (_, row), width in zip(members.iterrows(), half, strict=True):
        accuracy = 100 - row["error"]
        known = np.isfinite(width)
        yield {
            "ids": ids[tuple(row[name] for name in GROUP)],
            "flops": row["flops"],
            "accuracy": accuracy,
            "low": max(accuracy - width, 0.0) if known else None,
            "high": min(accuracy + width, 100.0) if known else None,
            "num_seeds": int(row["num_seeds"]),
            "name": axes_text(row) + (f", {row['data']}" if several else ""),
            "data": row["data"],
            "standing": row["standing"],
        }


def _rules(findings: Findings) -> dict[str, Any]:
    """The rules by topic, with a summary and all sentences each, and the warnings, most serious first."""
    short, told = summary(findings), sentences_by_topic(findings)
    topics = [
        {"heading": heading, "summary": short.get(topic, []), "sentences": told[topic]}
        for topic, heading in HEADINGS.items()
        if told.get(topic)
    ]
    warnings = [{"code": trap.code, "text": trap.message} for trap in by_gravity(findings.traps)]
    return {"missing": None if topics else NO_RULE, "topics": topics, "warnings": warnings}


if __name__ == "__main__":
    main()
