"""The figure of the resolution: the gain per doubling at each step, a colour a regime."""

from __future__ import annotations

from matplotlib.figure import Figure

from analysis.findings import Findings
from analysis.plot import INK, SERIES, new_figure, sequence, side_by_side


def resolution_figure(findings: Findings) -> Figure:
    """Gain per doubling at each step, one colour a regime."""
    figure, axes = new_figure()
    steps = findings.resolution.steps
    places = {step: at for at, step in enumerate(sorted({(s.from_px, s.to_px) for s in steps}))}
    regimes = sorted({step.epochs for step in steps})
    colors = SERIES[: len(regimes)] if len(regimes) <= len(SERIES) else sequence(len(regimes))
    for shift, epochs, color in zip(side_by_side(len(regimes), 0.4), regimes, colors, strict=True):
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
