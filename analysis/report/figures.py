"""The figures of a report: one for each finding."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.findings import Findings
from analysis.frames.figure import MAX_LINES, frames_figure
from analysis.frontier.figure import frontier_figure
from analysis.law.choose import largest_setting
from analysis.law.figure import law_figure, residuals_figure
from analysis.methods.additive_figure import additive_figure
from analysis.methods.weight_decay_figure import weight_decay_figure
from analysis.metric import error_of
from analysis.pairs.figure import pairs_figure
from analysis.plot import house_style
from analysis.prediction.figure import prediction_figure
from analysis.pseudo_labels.figure import pseudo_labels_figure
from analysis.report.coverage import coverage_figure, is_drawn
from analysis.report.missing import grid_cells
from analysis.report.picture import Picture, picture
from analysis.resolution.figure import resolution_figure, rivals_figure
from analysis.speedup.figure import Drawn, speedup_figures
from analysis.table import AXES
from analysis.transfer.figure import transfer_figures
from scaling.quantity import counted

MAX_FORMULA = 200
"""Number of characters of the longest formula in a caption; for longer ones see the table of parameters."""


def pictures(findings: Findings) -> list[Picture]:
    """Every figure that these findings have data for, in the order of the report."""
    with house_style():
        return [picture(figure, name, caption, topic) for topic, name, figure, caption in _figures(findings)]


def _figures(findings: Findings) -> Iterator[Drawn]:
    error = error_of(findings.table.accuracy)
    for name, frontier in findings.frontiers.items():
        if (frontier.members["error"] > 0).any():  # a log axis cannot show 0
            what = f"{error.label[0].upper()}{error.label[1:]}"  # the rest may hold a name, as in mean IoU
            several = (
                " Several settings compete; the table names them." if len(frontier.settings.columns) else ""
            )
            caption = (
                f"{what} against {frontier.cost.full_label}; a bar is the 95 % interval of a mean over seeds."
                f"{several}"
            )
            yield "frontier", f"frontier_{name}", frontier_figure(frontier, findings.noise, error), caption
    yield from _methods_figures(findings)
    if findings.pairs.regimes:
        caption = (
            f"Depth against width at equal {findings.pairs.cost.full_label}: each dot is a pair, each bar a "
            "mean with its 95 % interval."
        )
        yield "pairs", "depth_against_width", pairs_figure(findings), caption
    yield from _resolution_figures(findings)
    if findings.frames:
        caption = (
            f"Top-1 by the frames of a clip, a line for each of the first {MAX_LINES} networks at most, with "
            "95 % intervals of means over seeds."
        )
        yield "frames", "frames", frames_figure(findings.groups, findings.noise), caption
    yield from speedup_figures(findings)
    if findings.pseudo_labels:
        caption = "Gain of pseudo-labels over none for each network, paired over seeds, with 95 % intervals."
        yield "pseudo", "pseudo_labels", pseudo_labels_figure(findings.pseudo_labels), caption
    yield from transfer_figures(findings.transfers)
    yield from _law_figures(findings)
    if findings.prediction:
        caption = "Time predicted by the plan and time taken by each point; on the line, they agree."
        yield "hours", "predicted_against_actual", prediction_figure(findings.prediction), caption
    cells = grid_cells(findings.table)
    if is_drawn(cells):
        caption = "Which cells of the grid are measured. The number in a cell is its number of seeds."
        yield "missing", "coverage", coverage_figure(cells), caption


def _methods_figures(findings: Findings) -> Iterator[Drawn]:
    ladder, interplay = findings.methods, findings.weight_decay
    if ladder is not None and len(ladder.rungs) > 1:
        caption = (
            "Gain of each method over those above it, and of all so far, with 95 % intervals; effects with a "
            "filled marker differ from zero."
        )
        yield "methods", "training_methods", additive_figure(ladder), caption
    if interplay is not None:
        caption = (
            f"Effect of a weight decay of {interplay.lower:g} instead of {interplay.higher:g} at each level "
            "of regularisation, with 95 % intervals; effects with a filled marker differ from zero."
        )
        yield "weight_decay", "weight_decay", weight_decay_figure(interplay), caption


def _resolution_figures(findings: Findings) -> Iterator[Drawn]:
    if findings.resolution.steps:
        caption = "Gain in points per doubling of the resolution, same model and epochs, 95 % intervals."
        yield "resolution", "resolution", resolution_figure(findings), caption
    if any(step.rivals for step in findings.resolution.gain_per_doubling):
        assert findings.resolution.epochs is not None
        caption = (
            f"Raising the resolution by at most one step at {counted(findings.resolution.epochs, 'epoch')}, "
            "against spending the same FLOPs on depth or on width, with 95 % intervals."
        )
        yield "resolution", "resolution_against", rivals_figure(findings), caption


def _law_figures(findings: Findings) -> Iterator[Drawn]:
    law = findings.law
    if law is None:
        return
    models = largest_setting(findings.compared)
    formula = law.formula_text()
    told = f"the law, {formula}" if len(formula) <= MAX_FORMULA else f"the law of {law.form.name}"
    caption = (
        f"Measured error against {told}; bars are 95 % intervals: vertical of means over seeds, horizontal "
        "of the formula."
    )
    yield "law", "law", law_figure(law, models, findings.noise), caption
    if any(models[axis].nunique() > 1 for axis in AXES):
        caption = (
            "Residuals of the formula by each axis: dots are models, diamonds means with 95 % intervals."
        )
        yield "law", "law_residuals", residuals_figure(law, models), caption
