"""The figure of a frontier: error against one cost, both on a log scale, with intervals."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.frontier.frontier import Frontier
from analysis.metric import ERROR, Metric
from analysis.model import half_width, model_text
from analysis.noise import Noise
from analysis.plot import BLUE, FAINT, VERMILION, label_points, new_figure
from analysis.scale import log_axis
from analysis.table import knobs_of

MAX_LABELS = 8
"""Number of models labelled on a frontier."""
MAX_VECTOR = 1000
"""Number of models of one standing drawn as vectors in an SVG; more are embedded as an image."""
LEGEND = {
    "frontier": ("on the frontier", VERMILION, VERMILION),
    "within_noise": ("within noise of it", "none", BLUE),
    "dominated": ("dominated", FAINT, FAINT),
    "dominated_noise_unknown": ("worse (noise unknown)", FAINT, FAINT),
}
"""Label and the colours of a marker's face and edge, by standing."""


def frontier_figure(frontier: Frontier, noise: Noise, error: Metric = ERROR) -> Figure:
    """Error against one cost; models with an error of 0 cannot be shown on a log axis and are not drawn."""
    figure, axes = new_figure()
    members, column = frontier.members, frontier.cost.column
    members = members[members["error"] > 0]
    half = half_width(members, noise).fillna(0.0)
    log_axis(axes, "x", frontier.cost, list(members[column]))
    log_axis(axes, "y", error, error_reach(members, half))
    by_standing = {name: members[members["standing"] == name] for name in LEGEND}
    for name in ("dominated_noise_unknown", "dominated"):
        _draw(axes, by_standing[name], column, "o", color=FAINT, markersize=3.5, alpha=0.6, zorder=2)
    near, line = by_standing["within_noise"], by_standing["frontier"]
    for rows, color in ((near, BLUE), (line, VERMILION)):
        _draw_bars(axes, rows, column, half, color)
    _draw(axes, near, column, "o", mfc="none", mec=BLUE, markersize=5, zorder=3)
    axes.step(line[column], line["error"], where="post", color=VERMILION, linewidth=1.2, zorder=2.2)
    _draw(axes, line, column, "o", color=VERMILION, markersize=5.5, zorder=4)
    _legend(figure, by_standing)
    varying = [axis for axis in knobs_of(members) if members[axis].nunique() > 1]
    labelled = line.iloc[np.unique(np.linspace(0, len(line) - 1, MAX_LABELS).round().astype(int))]
    spots = [(row[column], row["error"], model_text(row, varying)) for _, row in labelled.iterrows()]
    label_points(axes, spots, [*zip(members[column], members["error"], strict=True), *_along(line, column)])
    return figure


def error_reach(members: pd.DataFrame, half: pd.Series) -> list[float]:
    """Values that an axis of the error must show: the ends of all intervals, lower ends near 0 cut short."""
    lowest = (members["error"] - half).clip(lower=0.7 * members["error"])
    return [*lowest, *(members["error"] + half)]


def _draw(axes: Axes, rows: pd.DataFrame, column: str, marker: str, **style: object) -> None:
    axes.plot(rows[column], rows["error"], marker, rasterized=len(rows) > MAX_VECTOR, **style)  # type: ignore[arg-type]


def _draw_bars(axes: Axes, rows: pd.DataFrame, column: str, half: pd.Series, color: str) -> None:
    low, high = rows["error"] - half.loc[rows.index], rows["error"] + half.loc[rows.index]
    axes.vlines(
        rows[column],
        low.clip(lower=1e-3 * rows["error"]),
        high,
        color=color,
        linewidth=0.8,
        alpha=0.6,
        zorder=2.5,
        rasterized=len(rows) > MAX_VECTOR,
    )


def _along(line: pd.DataFrame, column: str) -> list[tuple[float, float]]:
    """Points along the steps of the frontier, close enough together that no label fits between them."""
    spots: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in pairwise(zip(line[column], line["error"], strict=True)):
        spots += [(at, y) for at in np.geomspace(x, next_x, 12)] + [
            (next_x, at) for at in np.geomspace(y, next_y, 12)
        ]
    return spots


def _legend(figure: Figure, by_standing: dict[str, pd.DataFrame]) -> None:
    shown = {name: rows for name, rows in by_standing.items() if len(rows)}
    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=5, mfc=LEGEND[name][1], mec=LEGEND[name][2])
        for name in shown
    ]
    labels = [f"{LEGEND[name][0]} ({len(rows)})" for name, rows in shown.items()]
    figure.legend(handles, labels, loc="outside upper left", ncols=3, handletextpad=0.1, columnspacing=1.2)
