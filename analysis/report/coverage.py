"""The figure of coverage: which cells of the grid are measured, failed, under way or missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from analysis.model import UNITS
from analysis.plot import FAINT, GREEN, ORANGE, PURPLE, SKY, VERMILION, new_figure
from analysis.report.missing import STATES

MAX_PANELS = 24
MAX_CELLS = 2000
"""Cells above which a grid is not drawn."""
MIN_SHARE = 0.05
"""Share of cells with points below which the rows are a list of networks rather than a grid, and not
drawn."""
COLORS = {
    "complete": GREEN,
    "few seeds": SKY,
    "pending": ORANGE,
    "running": ORANGE,
    "no accuracy": PURPLE,
    "failed": VERMILION,
    "diverged": PURPLE,
    "dominated": SKY,
    "not run": "none",
}
"""Colour of a cell by its state."""
HATCHES = {"running": "...", "diverged": "xxx", "dominated": "///"}
"""Hatches of states that share a colour with another."""
FACETS = ("resolution", "epochs")
"""Axes that get panels of their own."""


def is_drawn(cells: pd.DataFrame) -> bool:
    """Whether the grid of `missing.grid_cells` is legible as a figure."""
    return len(cells) <= MAX_CELLS and bool((cells["state"] != "not run").mean() >= MIN_SHARE)


def coverage_figure(cells: pd.DataFrame) -> Figure:
    """Depth by width from `missing.grid_cells`, in panels by resolution and number of epochs where there are
    few.

    The number in a cell is its number of seeds.
    """
    facets = _facets(cells)
    down = facets.get("resolution", [None])
    across = facets.get("epochs", [None])
    if len(across) == 1:
        down, across = across, down
    depths, widths = sorted(cells["depth"].unique()), sorted(cells["width"].unique())
    width = max(5.0, 0.36 * len(widths) * len(across) + 1.0)
    height = max(2.4, 0.25 * len(depths) * len(down) + 0.2 * len(down) + 1.2)
    figure, grid = new_figure(
        width, height, nrows=len(down), ncols=len(across), squeeze=False, sharex=True, sharey=True
    )
    order = [facet for facet in reversed(FACETS) if facet in facets]
    for (row, column), axes in np.ndenumerate(grid):
        values = [value for value in (across[column], down[row]) if value is not None]
        chosen = dict(zip(order, values, strict=True))
        mine = cells
        for axis, value in chosen.items():
            mine = mine[mine[axis] == value]
        _draw_cells(axes, mine, depths, widths)
        axes.set_title(", ".join(UNITS[axis](value) for axis, value in chosen.items()), fontsize=9)
    figure.supxlabel("width", fontsize=10)
    figure.supylabel("depth", fontsize=10)
    shown = [state for state in STATES if (cells["state"] == state).any()]
    handles = [Patch(**_face(state), label=state) for state in shown]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, handlelength=1, columnspacing=1)
    return figure


def _facets(cells: pd.DataFrame) -> dict[str, list[float]]:
    """The axes that get panels of their own, with their values."""
    facets = {axis: sorted(cells[axis].unique()) for axis in FACETS if cells[axis].nunique() > 1}
    while np.prod([len(values) for values in facets.values()]) > MAX_PANELS:
        facets.popitem()
    return facets


def _draw_cells(axes: Axes, cells: pd.DataFrame, depths: list[float], widths: list[float]) -> None:
    """Each place shows the most telling state of its cells, `not run` only where all cells have it."""
    order = ["not run", *(state for state in STATES if state != "not run")]
    ranked = cells.sort_values("state", key=lambda states: states.map(order.index), kind="stable")
    for y, x in np.ndindex(len(depths), len(widths)):
        place = ranked[(ranked["depth"] == depths[y]) & (ranked["width"] == widths[x])]
        if place.empty:
            continue
        face = _face(place["state"].iloc[-1])
        axes.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, **face))
        if num_seeds := int(place["num_seeds"].sum()):
            axes.text(x, y, str(num_seeds), ha="center", va="center", fontsize=8, color="black")
    axes.set_xticks(range(len(widths)), [f"{width:g}" for width in widths], fontsize=8)
    axes.set_yticks(range(len(depths)), [f"{depth:g}" for depth in depths], fontsize=8)
    axes.set(xlim=(-0.55, len(widths) - 0.45), ylim=(-0.55, len(depths) - 0.45))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _face(state: str) -> dict[str, Any]:
    edge = FAINT if state == "not run" else "white" if state in HATCHES else "none"
    return {"facecolor": COLORS[state], "edgecolor": edge, "hatch": HATCHES.get(state), "linewidth": 0.5}
