"""The sheets of a report: all its tables, in order."""

from __future__ import annotations

from analysis.findings import Findings
from analysis.missing import missing_sheet
from analysis.sheet import (
    Sheet,
    failure_sheet,
    frontier_sheet,
    pair_sheet,
    prediction_sheet,
    resolution_sheet,
)


def sheets(findings: Findings) -> list[Sheet]:
    """All tables that have rows, the frontiers first and what is missing last."""
    found = [
        *(frontier_sheet(frontier) for frontier in findings.frontiers.values()),
        pair_sheet(findings),
        resolution_sheet(findings),
        *([prediction_sheet(findings.prediction)] if findings.prediction else []),
        failure_sheet(findings),
        missing_sheet(findings.table),
    ]
    return [sheet for sheet in found if sheet.rows]
