"""A report: the files that tell people, and programs, what a study says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from analysis.findings import Findings, find
from analysis.frontier.frontier import frontier_table
from analysis.report.basis import bases
from analysis.report.figures import pictures
from analysis.report.page import render_page
from analysis.report.provenance import origin
from analysis.report.sheets import sheets
from analysis.report.typeset import latex, markdown
from analysis.rules import rules_json
from analysis.source.source import source_name
from analysis.table import Table
from scaling.errors import Refused
from scaling.study.files import write_bytes


@dataclass(frozen=True, kw_only=True)
class Report:
    findings: Findings
    page: Path
    """Path of report.html."""
    rules: Path
    """Path of rules.json."""
    tables: tuple[Path, ...]
    """Paths of table.csv and frontier.csv, with all rows, and of tables.md and tables.tex for people."""
    figures: tuple[Path, ...]
    """Paths of each figure as PNG and as SVG."""


def report_directory(source: str | Path) -> Path:
    """The default directory of a report: inside a study, else reports/<name of the source>."""
    path = Path(source)
    return path / "report" if (path / "study.json").is_file() else Path("reports") / source_name(source)


def write_report(table: Table, out: Path) -> Report:
    """Analyse the table and write table.csv, frontier.csv, tables.md, tables.tex, rules.json, the figures and
    report.html.

    Existing files are replaced. Raises `Refused` when no point is completed or `out` cannot be written.
    """
    findings = find(table)
    rules = rules_json(findings, origin())
    drawn, written = pictures(findings), sheets(findings)
    basis_of = bases(findings)
    files = {
        "table.csv": table.csv,
        "frontier.csv": frontier_table(findings.frontiers, findings.groups).to_csv(index=False).encode(),
        "tables.md": markdown(written, basis_of).encode(),
        "tables.tex": latex(written, basis_of).encode(),
        "rules.json": (json.dumps(rules, indent=2, allow_nan=False) + "\n").encode(),
        "report.html": render_page(findings, drawn, written, basis_of, rules, out).encode(),
    }
    for picture in drawn:
        files |= {f"{picture.name}.png": picture.png, f"{picture.name}.svg": picture.svg.encode()}
    _write(out, files)
    figures = tuple(out / name for name in files if name.endswith((".png", ".svg")))
    return Report(
        findings=findings,
        page=out / "report.html",
        rules=out / "rules.json",
        tables=tuple(out / name for name in ("table.csv", "frontier.csv", "tables.md", "tables.tex")),
        figures=figures,
    )


def _write(out: Path, files: dict[str, bytes]) -> None:
    """Write all files under temporary names and move them into place."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_bytes(out / name, content)
    except OSError as error:
        raise Refused(
            f"{out} cannot be written ({error.strerror}): give another place with --out."
        ) from error
