"""The page: report.html, one file that loads nothing, with sentences first, then figures and tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from analysis.findings import Findings
from analysis.interactive import frontier_data
from analysis.picture import Picture
from analysis.prediction import prediction_sentence
from analysis.sentences import sentences_by_topic
from analysis.sheet import Sheet
from scaling.quantity import counted

TEMPLATES = Path(__file__).parent / "templates"
HEADINGS = {
    "frontier": "The frontier",
    "pairs": "Depth or width",
    "resolution": "Resolution",
    "returns": "Single steps",
    "law": "The law",
    "noise": "Noise",
}
"""Above the sentences of a topic."""


def render_page(
    findings: Findings,
    pictures: Sequence[Picture],
    sheets: Sequence[Sheet],
    basis_of: Mapping[str, str],
    rules: dict[str, Any],
    out: Path,
) -> str:
    """report.html as text; links to the study's files lead from the directory `out`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    frontiers = [picture for picture in pictures if picture.name.startswith("frontier_")]
    return environment.get_template("report.html.j2").render(
        name=findings.table.name,
        counts=count_sentence(findings),
        hours=prediction_sentence(findings.prediction) if findings.prediction else None,
        sentences=sentences_by_topic(findings),
        headings=HEADINGS,
        basis_of=basis_of,
        marks={topic: mark for mark, topic in enumerate(basis_of, start=1)},
        warnings=findings.traps,
        frontiers=_inlined(frontiers),
        frontier=frontier_data(findings, out) if frontiers else None,
        figures=_inlined([picture for picture in pictures if picture not in frontiers]),
        sheets=sheets,
        provenance=json.dumps(rules["provenance"], indent=2),
    )


def count_sentence(findings: Findings) -> str:
    """`70 of 72 points completed, 1 failed, 1 pending; 24 models.`"""
    status = findings.table.rows["status"].value_counts()
    rest = [f"{status[name]} {name}" for name in ("failed", "running", "pending") if name in status]
    done = f"{status.get('completed', 0)} of {len(findings.table.rows)} points completed"
    return ", ".join([done, *rest]) + f"; {counted(len(findings.groups), 'model')}."


def _inlined(pictures: Sequence[Picture]) -> list[tuple[Picture, Markup]]:
    return [(picture, Markup(picture.inline_svg())) for picture in pictures]
