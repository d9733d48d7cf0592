"""The figure of depth against width: pairs, and the mean of each regime and resolution with its interval."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.findings import Findings
from analysis.pairs.pairs import Regime
from analysis.plot import INK, MARKERS, new_figure, sequence, side_by_side

FIRST, LAST = -0.36, 0.2
"""Range of the positions of the resolutions of a regime, relative to its centre."""
MAX_VECTOR = 1000
"""Number of pairs drawn as vectors in an SVG; more are embedded as an image."""
TOGETHER = 0.36
"""Position of all resolutions together."""


def pairs_figure(findings: Findings) -> Figure:
    """The advantage of depth in each regime, one colour per resolution, and all resolutions together in
    black."""
    figure, axes = new_figure()
    pairs = findings.pairs
    table = pairs.table[pairs.table["counted"]]
    sizes = sorted(table["resolution"].unique())
    colors = dict(zip(sizes, sequence(len(sizes)), strict=True))
    markers = dict(zip(sizes, cycle(MARKERS[:3]), strict=False))
    shifts = dict(zip(sizes, side_by_side(len(sizes), LAST - FIRST), strict=True))
    centre = (FIRST + LAST) / 2
    for place, regime in enumerate(pairs.regimes):
        rows = table[table["epochs"] == regime.epochs]
        for size, mine in rows.groupby("resolution")["advantage_points"]:
            x = np.full(len(mine), place + centre + shifts[size])
            style = {"color": colors[size], "markersize": 3.5, "alpha": 0.35, "mew": 0, "zorder": 2}
            axes.plot(x, mine, "o", rasterized=len(table) > MAX_VECTOR, **style)
        for each in pairs.by_resolution:
            if each.epochs == regime.epochs and each.resolution in shifts:
                at = place + centre + shifts[each.resolution] + 0.035
                _draw_mean(axes, at, each, colors[each.resolution], markers[each.resolution], 4.5)
        _draw_mean(axes, place + TOGETHER, regime, INK, "D", 5.5)
    _finish(axes, pairs.regimes)
    handles = [
        Line2D([], [], color=colors[size], marker=markers[size], label=f"{size:g} px") for size in sizes
    ]
    handles.append(Line2D([], [], color=INK, marker="D", linewidth=2, label="all"))
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=6,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=1,
    )
    return figure


def _draw_mean(axes: Axes, x: float, regime: Regime, color: object, marker: str, size: float) -> None:
    low, high = regime.ci95 or (regime.advantage_points, regime.advantage_points)
    axes.plot([x, x], [low, high], color=color, linewidth=2, zorder=3)
    axes.plot([x], [regime.advantage_points], marker, color=color, markersize=size, zorder=3)


def _finish(axes: Axes, regimes: tuple[Regime, ...]) -> None:
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xticks(range(len(regimes)), [f"{each.epochs:g}\n{_verdict_text(each)}" for each in regimes])
    axes.set_xlim(-0.5, len(regimes) - 0.5 + 0.1)
    axes.set(xlabel="epochs", ylabel="depth minus width (points)")
    axes.grid(axis="x", visible=False)
    reach = 1.15 * max(abs(bound) for bound in axes.get_ylim())
    axes.set_ylim(-reach, reach)
    for height, text, level in ((0.99, "depth is better ↑", "top"), (0.01, "width is better ↓", "bottom")):
        axes.text(0.01, height, text, transform=axes.transAxes, va=level, fontsize=8.5)


def _verdict_text(regime: Regime) -> str:
    return "undecided" if regime.prefer == "undecided" else f"{regime.prefer} is better"
