"""The figures of the resolution: the gain of each step, and its advantage over depth and width."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.findings import Findings
from analysis.plot import BLUE, INK, MARKERS, SERIES, VERMILION, new_figure, sequence, side_by_side
from scaling.quantity import counted


def resolution_figure(findings: Findings) -> Figure:
    """Gain per doubling at each step, one colour per regime."""
    figure, axes = new_figure()
    steps = findings.resolution.steps
    places = {step: at for at, step in enumerate(sorted({(s.from_px, s.to_px) for s in steps}))}
    regimes = sorted({step.epochs for step in steps})
    colors = SERIES[: len(regimes)] if len(regimes) <= len(SERIES) else sequence(len(regimes))
    for place, (epochs, color) in enumerate(zip(regimes, colors, strict=True)):
        shift, marker = side_by_side(len(regimes), 0.4)[place], MARKERS[place % len(MARKERS)]
        mine = [step for step in steps if step.epochs == epochs]
        x = [places[step.from_px, step.to_px] + shift for step in mine]
        gains = [step.points for step in mine]
        axes.plot(x, gains, f"{marker}-", color=color, linewidth=1, label=counted(epochs, "epoch"))
        for at, step in zip(x, mine, strict=True):
            if step.ci95 is not None:
                axes.plot([at, at], step.ci95, color=color, linewidth=1.6, alpha=0.8)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xticks(range(len(places)), [f"{low} → {high}" for low, high in places])
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set(xlabel="step of the resolution (px)", ylabel="gain per doubling (points)")
    figure.legend(loc="outside upper left", ncols=min(len(regimes), 3))
    return figure


def rivals_figure(findings: Findings) -> Figure:
    """Resolution minus depth, and minus width, for the same FLOPs, at each step of the longest regime."""
    figure, axes = new_figure()
    steps = [step for step in findings.resolution.gain_per_doubling if step.rivals]
    for axis, color, marker, shift in (("depth", BLUE, "o", -0.08), ("width", VERMILION, "s", 0.08)):
        rivals = [
            (place, each) for place, step in enumerate(steps) for each in step.rivals if each.axis == axis
        ]
        for place, rival in rivals:
            low, high = rival.ci95 or (rival.advantage_points, rival.advantage_points)
            x = place + shift
            axes.plot([x, x], [low, high], color=color, linewidth=1.8)
            axes.plot([x], [rival.advantage_points], marker, color=color, markersize=6)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xticks(range(len(steps)), [f"{step.from_px} → {step.to_px}" for step in steps])
    axes.set_xlim(-0.5, len(steps) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set(xlabel="step of the resolution (px)", ylabel="resolution minus rival (points)")
    handles = [
        Line2D([], [], color=BLUE, marker="o", label="against depth"),
        Line2D([], [], color=VERMILION, marker="s", label="against width"),
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure
