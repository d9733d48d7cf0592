"""Coverage: which cells of the grid are measured, failed, under way or missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from analysis.plot import FAINT, GREEN, ORANGE, VERMILION, new_figure

MAX_PANELS = 24
MAX_CELLS = 2000
"""A grid with more cells is not drawn."""
COLORS = {"completed": GREEN, "pending": ORANGE, "running": ORANGE, "failed": VERMILION}
"""From the state that says least to the one that says most: a cell takes the last of its seeds' states."""
UNITS = {"resolution": "px", "epochs": "epochs"}


def num_cells(rows: pd.DataFrame) -> int:
    """Cells of the whole grid, one a depth, width and panel."""
    panels = int(np.prod([len(values) for values in _facets(rows).values()]))
    return rows["depth"].nunique() * rows["width"].nunique() * panels


def coverage_figure(rows: pd.DataFrame) -> Figure:
    """Depth by width, a panel a resolution and number of epochs; fewer panels where those are too many."""
    facets = _facets(rows)
    down = facets.get("resolution", [None])
    across = facets.get("epochs", [None])
    if len(across) == 1:
        down, across = across, down
    depths, widths = sorted(rows["depth"].unique()), sorted(rows["width"].unique())
    width = max(5.6, 0.45 * len(widths) * len(across) + 1.0)
    height = max(2.4, 0.30 * len(depths) * len(down) + 1.5)
    figure, grid = new_figure(
        width, height, nrows=len(down), ncols=len(across), squeeze=False, sharex=True, sharey=True
    )
    order = [facet for facet in ("epochs", "resolution") if facet in facets]
    for (row, column), axes in np.ndenumerate(grid):
        values = [value for value in (across[column], down[row]) if value is not None]
        chosen = dict(zip(order, values, strict=True))
        mine = rows
        for axis, value in chosen.items():
            mine = mine[mine[axis] == value]
        _draw_cells(axes, mine, depths, widths)
        axes.set_title(", ".join(f"{value:g} {UNITS[axis]}" for axis, value in chosen.items()), fontsize=9)
    figure.supxlabel("width", fontsize=10)
    figure.supylabel("depth", fontsize=10)
    _legend(figure)
    return figure


def _facets(rows: pd.DataFrame) -> dict[str, list[float]]:
    """The axes that get panels of their own, with their values."""
    facets = {axis: sorted(rows[axis].unique()) for axis in UNITS if rows[axis].nunique() > 1}
    while np.prod([len(values) for values in facets.values()]) > MAX_PANELS:
        facets.popitem()
    return facets


def _draw_cells(axes: Axes, rows: pd.DataFrame, depths: list[int], widths: list[float]) -> None:
    for y, depth in enumerate(depths):
        for x, width in enumerate(widths):
            _draw_cell(axes, x, y, rows[(rows["depth"] == depth) & (rows["width"] == width)])
    axes.set_xticks(range(len(widths)), [f"{width:g}" for width in widths], fontsize=8)
    axes.set_yticks(range(len(depths)), [f"{depth}" for depth in depths], fontsize=8)
    axes.set(xlim=(-0.55, len(widths) - 0.45), ylim=(-0.55, len(depths) - 0.45))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_cell(axes: Axes, x: int, y: int, cell: pd.DataFrame) -> None:
    states = [state for state in COLORS if (cell["status"] == state).any()]
    face, edge = (COLORS[states[-1]], "none") if states else ("none", FAINT)
    place = (x - 0.46, y - 0.46)
    axes.add_patch(Rectangle(place, 0.92, 0.92, facecolor=face, edgecolor=edge, linewidth=0.5))
    count = int(cell["left_out"].isna().sum())
    if count:
        axes.text(x, y, str(count), ha="center", va="center", fontsize=7.5, color="white")


def _legend(figure: Figure) -> None:
    named = {"completed": GREEN, "pending or running": ORANGE, "failed": VERMILION}
    handles = [Patch(color=color, label=name) for name, color in named.items()]
    handles.append(Patch(facecolor="none", edgecolor=FAINT, label="not in the grid"))
    figure.legend(handles=handles, loc="outside upper left", ncols=4, handlelength=1, columnspacing=1)
