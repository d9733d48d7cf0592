"""A figure: one finding, drawn for print and for the page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy import stats

from analysis.coverage import MAX_CELLS, coverage_figure, num_cells
from analysis.findings import Findings
from analysis.frontier import Frontier
from analysis.metric import ERROR
from analysis.noise import Noise
from analysis.plot import (
    BLUE,
    FAINT,
    INK,
    SERIES,
    VERMILION,
    Picture,
    house_style,
    label_points,
    log_axis,
    new_figure,
    picture,
)
from analysis.prediction_figure import prediction_figure
from analysis.table import AXES

MAX_LABELS = 8
"""Models that are named on a frontier."""


def pictures(findings: Findings) -> list[Picture]:
    """Every figure these findings can fill, in the order of the report."""
    drawn = []
    with house_style():
        for name, frontier in findings.frontiers.items():
            if not (frontier.members["error"] > 0).any():
                continue  # a log axis has no place for 0
            figure = frontier_figure(frontier, findings.noise)
            caption = (
                f"Top-1 error against {frontier.cost.full_label}; "
                "a bar is the 95 % interval of a mean over seeds."
            )
            drawn.append(picture(figure, f"frontier_{name}", caption))
        if findings.pairs.regimes:
            caption = (
                "Depth against width at equal FLOPs: each dot is a pair, each bar the mean of a regime "
                "with its 95 % interval."
            )
            drawn.append(picture(pairs_figure(findings), "depth_against_width", caption))
        if findings.resolution.steps:
            caption = (
                "Gain in top-1 points per doubling of the resolution, same model and epochs, 95 % intervals."
            )
            drawn.append(picture(resolution_figure(findings), "resolution", caption))
        if findings.prediction:
            caption = (
                "Time that the plan predicted for each point, and that it took: on the line, they agree."
            )
            drawn.append(picture(prediction_figure(findings.prediction), "predicted_against_actual", caption))
        if num_cells(findings.table.rows) <= MAX_CELLS:
            caption = "What of the grid is measured. A number in a cell counts its completed points."
            drawn.append(picture(coverage_figure(findings.table.rows), "coverage", caption))
    return drawn


def frontier_figure(frontier: Frontier, noise: Noise) -> Figure:
    """Error against one cost, both log."""
    figure, axes = new_figure()
    members, column = frontier.members, frontier.cost.column
    members = members[members["error"] > 0]
    log_axis(axes, "x", frontier.cost, list(members[column]))
    half = _half_width(members, noise)
    lowest = (members["error"] - half).clip(lower=0.7 * members["error"])
    log_axis(axes, "y", ERROR, [*lowest, *(members["error"] + half)])
    by_standing = {name: members[members["standing"] == name] for name in members["standing"].unique()}
    line = by_standing.get("frontier", members.iloc[:0])
    for name in ("dominated", "dominated_noise_unknown"):
        rows = by_standing.get(name, members.iloc[:0])
        axes.plot(rows[column], rows["error"], "o", color=FAINT, markersize=3.5, alpha=0.6, zorder=2)
    near = by_standing.get("within_noise", members.iloc[:0])
    for rows, color in ((near, BLUE), (line, VERMILION)):
        bars = half.loc[rows.index]
        axes.errorbar(
            rows[column], rows["error"], bars, fmt="none", ecolor=color, elinewidth=0.8, alpha=0.6, zorder=2.5
        )
    axes.plot(
        near[column], near["error"], "o", markerfacecolor="none", markeredgecolor=BLUE, markersize=5, zorder=3
    )
    axes.step(line[column], line["error"], where="post", color=VERMILION, linewidth=1.2, zorder=2.2)
    axes.plot(line[column], line["error"], "o", color=VERMILION, markersize=5.5, zorder=4)
    _standing_legend(figure, by_standing)
    varying = [axis for axis in AXES if members[axis].nunique() > 1]
    labelled = line.iloc[np.unique(np.linspace(0, len(line) - 1, MAX_LABELS).round().astype(int))]
    spots = [(row[column], row["error"], model_text(row, varying)) for _, row in labelled.iterrows()]
    label_points(axes, spots, [*zip(members[column], members["error"], strict=True), *_along(line, column)])
    return figure


def model_text(row: pd.Series, axes: Sequence[str] = AXES) -> str:
    """`d26 w0.5 r128 e10`: a model in the fewest letters."""
    return " ".join(f"{axis[0]}{row[axis]:g}" for axis in axes)


def _along(line: pd.DataFrame, column: str) -> list[tuple[float, float]]:
    """Spots along the stairs of the frontier, close enough together that no text slips between."""
    spots: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in pairwise(zip(line[column], line["error"], strict=True)):
        spots += [(at, y) for at in np.geomspace(x, next_x, 12)] + [
            (next_x, at) for at in np.geomspace(y, next_y, 12)
        ]
    return spots


def _half_width(members: pd.DataFrame, noise: Noise) -> pd.Series:
    """Half the 95 % interval of each mean over seeds, in points; 0 when no seed was repeated."""
    if noise.kind != "seeds":
        return pd.Series(0.0, index=members.index)
    quantile = stats.t.ppf(0.975, noise.df)
    return pd.Series(
        quantile * noise.sd(members["error"].to_numpy()) / np.sqrt(members["num_seeds"]), index=members.index
    )


def _standing_legend(figure: Figure, by_standing: dict[str, pd.DataFrame]) -> None:
    known = {
        "frontier": ("on the frontier", VERMILION, VERMILION),
        "within_noise": ("not told from it by noise", "none", BLUE),
        "dominated": ("dominated", FAINT, FAINT),
        "dominated_noise_unknown": ("worse (noise unknown)", FAINT, FAINT),
    }
    handles = [
        Line2D([], [], linestyle="", marker="o", markersize=5, markerfacecolor=face, markeredgecolor=edge)
        for name, (_, face, edge) in known.items()
        if name in by_standing
    ]
    labels = [f"{known[name][0]} ({len(by_standing[name])})" for name in known if name in by_standing]
    figure.legend(handles, labels, loc="outside upper left", ncols=3, handletextpad=0.1, columnspacing=1.2)


def pairs_figure(findings: Findings) -> Figure:
    """The advantage of depth in each regime: the pairs, coloured by resolution, and their mean."""
    figure, axes = new_figure()
    table, regimes = findings.pairs.table, findings.pairs.regimes
    sizes = sorted(table["resolution"].unique())
    colors = dict(zip(sizes, _sequence(len(sizes)), strict=True))
    for place, regime in enumerate(regimes):
        rows = table[(table["epochs"] == regime.epochs) & table["counted"]]
        for shift, size in zip(_shifts(len(sizes), 0.5), sizes, strict=True):
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


def resolution_figure(findings: Findings) -> Figure:
    """Gain per doubling at each step, one colour a regime."""
    figure, axes = new_figure()
    steps = findings.resolution.steps
    places = {step: at for at, step in enumerate(sorted({(s.from_px, s.to_px) for s in steps}))}
    regimes = sorted({step.epochs for step in steps})
    colors = SERIES[: len(regimes)] if len(regimes) <= len(SERIES) else _sequence(len(regimes))
    for shift, epochs, color in zip(_shifts(len(regimes), 0.4), regimes, colors, strict=True):
        mine = [step for step in steps if step.epochs == epochs]
        x = [places[step.from_px, step.to_px] + shift for step in mine]
        axes.plot(
            x, [step.points for step in mine], "o-", color=color, linewidth=1, label=f"{epochs:g} epochs"
        )
        for at, step in zip(x, mine, strict=True):
            if step.ci95 is not None:
                axes.plot([at, at], step.ci95, color=color, linewidth=1.6, alpha=0.8)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xticks(range(len(places)), [f"{low} → {high}" for low, high in places])
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set(xlabel="step of the resolution (px)", ylabel="points per doubling")
    figure.legend(loc="outside upper left", ncols=4)
    return figure


def _sequence(count: int) -> list[tuple[float, float, float, float]]:
    """So many colours of viridis, dark to light, without the ends that a dark or a white page swallows."""
    return [matplotlib.colormaps["viridis"](share) for share in np.linspace(0.25, 0.88, count)]


def _shifts(count: int, width: float) -> Sequence[float]:
    """Places side by side within `width`, centred on 0."""
    return [width * (place / max(count - 1, 1) - 0.5) if count > 1 else 0.0 for place in range(count)]
