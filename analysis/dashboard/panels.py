"""The panels of a dashboard, by section: frontier, learning curves, and what the report run has logged."""

from __future__ import annotations

from typing import Any

import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from analysis.metric import COSTS
from analysis.report.run import FAILURES, FIGURES, FRONTIER, PAGE, RULES
from analysis.table import AXES

FLOPS = "cost/flops"
FIGURE_KEYS = [
    f"{FIGURES}/{name}"
    for name in (
        *(f"frontier_{cost}" for cost in COSTS),
        "depth_against_width",
        "resolution",
        "resolution_against",
        "law",
        "law_residuals",
        "predicted_against_actual",
        "coverage",
    )
]
"""All figures that a report may have."""
REGIME = "JobType"
"""W&B's job type of a run names its regime: `epochs=10`."""


def sections() -> list[ws.Section]:
    """All sections, open, the frontier first."""
    media = {"figures": _media(FIGURE_KEYS, "Figures", 3), "page": _media([PAGE], "Report", 1)}
    return [
        _section("Frontier", 2, {"frontier": _frontier(), "axes": _axes()}),
        _section("Learning curves by regime", 2, {"epochs": _over_epochs(), "flops": _over_flops()}),
        _section("What was learned", 1, _tables()),
        _section("Report", 1, media),
    ]


def _section(name: str, columns: int, panels: dict[str, Any]) -> ws.Section:
    """A section of `panels` by their ids, by which W&B recognises each again."""
    for panel_id, panel in panels.items():
        panel._id = panel_id
    layout = ws.SectionLayoutSettings(columns=columns, rows=len(panels) // columns)
    return ws.Section(name=name, panels=list(panels.values()), is_open=True, layout_settings=layout)


def _frontier() -> Any:
    return wr.ScatterPlot(
        title="Frontier: top-1 against FLOPs, with the best so far",
        x=wr.SummaryMetric(FLOPS),
        y=wr.SummaryMetric("top1"),
        log_x=True,
        running_ymax=True,
    )


def _axes() -> Any:
    columns = [wr.ParallelCoordinatesPlotColumn(wr.Config(axis), display_name=axis) for axis in AXES]
    columns.append(wr.ParallelCoordinatesPlotColumn(wr.SummaryMetric(FLOPS), display_name="FLOPs", log=True))
    columns.append(wr.ParallelCoordinatesPlotColumn(wr.SummaryMetric("top1"), display_name="top-1"))
    return wr.ParallelCoordinatesPlot(title="Axes, FLOPs and top-1", columns=columns)


def _over_epochs() -> Any:
    return wr.LinePlot(
        title="Top-1 over epochs: mean and range of each regime",
        x="epoch",
        y=["top1"],
        groupby=wr.Metric(REGIME),
        groupby_aggfunc="mean",
        groupby_rangefunc="minmax",
    )


def _over_flops() -> Any:
    """Each run in the colour of its regime: a mean over networks of different sizes would be meaningless
    here."""
    return wr.LinePlot(
        title="Top-1 over training FLOPs: the best of each regime, and its runs",
        x="train_flops",
        y=["top1"],
        log_x=True,
        groupby=wr.Metric(REGIME),
        groupby_aggfunc="max",
        groupby_rangefunc="samples",
    )


def _tables() -> dict[str, Any]:
    """Tables of the report run, which other runs of the group do not have."""
    keys = {"rules": RULES, "frontier_table": FRONTIER, "failures": FAILURES}
    return {panel_id: wr.WeavePanelSummaryTable(table_name=key) for panel_id, key in keys.items()}


def _media(keys: list[str], title: str, columns: int) -> Any:
    return wr.MediaBrowser(title=title, media_keys=keys, num_columns=columns)
