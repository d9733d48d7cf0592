"""The figure of depth against width: each pair, and the mean of each regime with its interval."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.findings import Findings
from analysis.plot import INK, new_figure, sequence, side_by_side


def pairs_figure(findings: Findings) -> Figure:
    """The advantage of depth in each regime: the pairs, coloured by resolution, and their mean."""
    figure, axes = new_figure()
    table, regimes = findings.pairs.table, findings.pairs.regimes
    sizes = sorted(table["resolution"].unique())
    colors = dict(zip(sizes, sequence(len(sizes)), strict=True))
    for place, regime in enumerate(regimes):
        rows = table[(table["epochs"] == regime.epochs) & (table["counted"])]
        for shift, size in zip(side_by_side(len(sizes), 0.5), sizes, strict=True):
            mine = rows.loc[rows["resolution"] == size, "advantage_points"]
            axes.plot(
                np.full(len(mine), place + shift),
                mine,
                "o",
                color=colors[size],
                markersize=4,
                alpha=0.75,
                zorder=2,
            )
        low, high = regime.ci95 or (regime.advantage_points, regime.advantage_points)
        axes.plot([place + 0.36] * 2, [low, high], color=INK, linewidth=2, zorder=3)
        axes.plot([place + 0.36], [regime.advantage_points], "D", color=INK, markersize=5.5, zorder=3)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xticks(range(len(regimes)), [f"{r.epochs:g}\n{_verdict_text(r.prefer)}" for r in regimes])
    axes.set_xlim(-0.5, len(regimes) - 0.5 + 0.1)
    axes.set(xlabel="epochs", ylabel="depth minus width (top-1 points)")
    axes.grid(axis="x", visible=False)
    reach = 1.12 * max(abs(bound) for bound in axes.get_ylim())
    axes.set_ylim(-reach, reach)
    for height, text, level in ((0.98, "depth is better ↑", "top"), (0.02, "width is better ↓", "bottom")):
        axes.text(0.01, height, text, transform=axes.transAxes, va=level, fontsize=8.5)
    handles = [
        Line2D([], [], linestyle="", marker="o", color=colors[size], label=f"{size} px") for size in sizes
    ]
    handles.append(Line2D([], [], color=INK, marker="D", linewidth=2, label="mean, 95 %"))
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=min(len(handles), 6),
        handletextpad=0.3,
        columnspacing=1,
    )
    return figure


def _verdict_text(prefer: str) -> str:
    return "undecided" if prefer == "undecided" else f"{prefer} is better"
