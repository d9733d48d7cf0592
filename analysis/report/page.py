"""The page: report.html, a single file that loads nothing, with a summary and the frontier first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from analysis.findings import Findings
from analysis.prediction.prediction import prediction_sentence
from analysis.report.interactive import frontier_data
from analysis.report.picture import Picture
from analysis.sentences import HEADINGS, count_sentence, sentences_by_topic
from analysis.sheet import Sheet
from analysis.summary import summary
from analysis.traps.trap import by_gravity

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """All that the page has on one topic."""

    topic: str
    heading: str
    sentences: Sequence[str]
    basis: str
    """What the sentences rest on; empty where the topic has no basis of its own."""
    figures: Sequence[tuple[Picture, Markup]]
    sheets: Sequence[Sheet]


def render_page(
    findings: Findings,
    pictures: Sequence[Picture],
    sheets: Sequence[Sheet],
    basis_of: Mapping[str, str],
    rules: dict[str, Any],
    out: Path,
) -> str:
    """The text of report.html; links to the study's files are relative to the directory `out`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    sections = _sections(findings, pictures, sheets, basis_of)
    frontier = sections.pop("frontier", None)
    return environment.get_template("report.html.j2").render(
        name=findings.table.name,
        counts=count_sentence(findings),
        summary=summary(findings),
        headings=HEADINGS,
        frontier=frontier,
        frontier_data=frontier_data(findings, out) if frontier and frontier.figures else None,
        warnings=by_gravity(findings.traps),
        cost=findings.pairs.cost.full_label,
        noise=sections.pop("noise", None),
        sections=sections.values(),
        provenance=json.dumps(rules["provenance"], indent=2),
    )


def _sections(
    findings: Findings, pictures: Sequence[Picture], sheets: Sequence[Sheet], basis_of: Mapping[str, str]
) -> dict[str, Section]:
    """Sections by topic, in the order of HEADINGS, without topics that have nothing but a basis."""
    told = sentences_by_topic(findings)
    if findings.prediction:
        told["hours"] = [prediction_sentence(findings.prediction)]
    found = [
        Section(
            topic=topic,
            heading=heading,
            sentences=told.get(topic, []),
            basis=basis_of.get(topic, ""),
            figures=[(each, Markup(each.inline_svg())) for each in pictures if each.topic == topic],
            sheets=[each for each in sheets if each.topic == topic],
        )
        for topic, heading in HEADINGS.items()
    ]
    return {each.topic: each for each in found if each.sentences or each.figures or each.sheets}
