"""The sheets of a report: all its tables, in order."""

from __future__ import annotations

from analysis.findings import Findings
from analysis.frames.sheet import frames_sheet
from analysis.law.sheet import choice_sheet, law_sheet
from analysis.methods.additive_sheet import methods_sheet
from analysis.methods.weight_decay_sheet import interplay_sheet
from analysis.pseudo_labels.sheet import pseudo_labels_sheet
from analysis.report.missing import missing_sheet
from analysis.report.rule_sheet import pair_sheet, resolution_sheet, returns_sheet
from analysis.sheet import (
    Sheet,
    failure_sheet,
    frontier_sheet,
    prediction_sheet,
)
from analysis.speedup.at_equal_accuracy import AtEqualAccuracy
from analysis.speedup.sheet import at_model_sheet, printed_sheet, speedup_sheet
from analysis.speedup.slow_resolution_sheet import ladder_sheet
from analysis.suggest.foresight_sheet import foresight_sheet
from analysis.transfer.sheet import transfer_sheets


def sheets(findings: Findings) -> list[Sheet]:
    """All tables that have rows, the frontiers first and what is missing last."""
    found = [
        *(frontier_sheet(frontier) for frontier in findings.frontiers.values()),
        *([methods_sheet(findings.methods)] if findings.methods else []),
        *([interplay_sheet(findings.weight_decay)] if findings.weight_decay else []),
        pair_sheet(findings),
        resolution_sheet(findings),
        *([frames_sheet(findings.frames)] if findings.frames else []),
        returns_sheet(findings),
        *equal_sheets(findings.at_equal_accuracy),
        *([pseudo_labels_sheet(findings.pseudo_labels)] if findings.pseudo_labels else []),
        *transfer_sheets(findings.transfers),
        *([law_sheet(findings.law)] if findings.law else []),
        choice_sheet(findings.choice),
        *([prediction_sheet(findings.prediction)] if findings.prediction else []),
        *([foresight_sheet(findings.foreseen)] if findings.foreseen else []),
        failure_sheet(findings.table),
        missing_sheet(findings.table),
    ]
    return [sheet for sheet in found if sheet.rows]


def equal_sheets(found: AtEqualAccuracy) -> list[Sheet]:
    """The tables of the comparisons at equal accuracy that have rows."""
    every = (
        speedup_sheet(found.speedups),
        at_model_sheet(found.speedups),
        printed_sheet(found.printed),
        ladder_sheet(found.ladders),
    )
    return [sheet for sheet in every if sheet.rows]
