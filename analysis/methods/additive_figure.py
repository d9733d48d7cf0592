"""The figure of an additive study: what each method adds, and the total so far."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.contrast import Effect
from analysis.methods.additive import Ladder, Rung
from analysis.plot import BLUE, FAINT, INK, PAPER, VERMILION, new_figure


def additive_figure(ladder: Ladder) -> Figure:
    """Left: each step with its interval, with a filled marker where it is decided. Right: the sum so far."""
    figure, (steps, sums) = new_figure(7.2, 0.9 + 0.3 * len(ladder.rungs), ncols=2, sharey=True)
    for place, rung in enumerate(ladder.rungs):
        _draw(steps, place, rung, rung.step, ladder)
        _draw(sums, place, rung, rung.so_far, ladder)
        _draw_paper(steps, sums, place, rung, ladder)
    steps.set_yticks(range(len(ladder.rungs)), [rung.label for rung in ladder.rungs])
    steps.invert_yaxis()
    steps.set_xlabel("step (top-1 points)")
    sums.set_xlabel("over the first rung (top-1 points)")
    for axes in (steps, sums):
        axes.axvline(0, color=INK, linewidth=0.9)
        axes.grid(axis="y", visible=False)
    handles = [
        Line2D([], [], color=BLUE, marker="o", label="training"),
        Line2D([], [], color=VERMILION, marker="s", label="architecture"),
        Line2D([], [], color=FAINT, marker="o", markerfacecolor=PAPER, linestyle="", label="undecided"),
    ]
    if not ladder.is_the_papers:
        handles.append(
            Line2D([], [], color=INK, marker="|", linestyle="", label=ladder.order.paper.partition(" (")[0])
        )
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return figure


def _draw_paper(steps: Axes, sums: Axes, place: int, rung: Rung, ladder: Ladder) -> None:
    first = ladder.rungs[0].paper_top1
    if ladder.is_the_papers or rung.paper_top1 is None or first is None or not place:
        return
    for axes, points in ((steps, rung.paper_step), (sums, rung.paper_top1 - first)):
        if points is not None:
            axes.plot([points], [place + 0.28], "|", color=INK, markersize=8)


def _draw(axes: Axes, place: int, rung: Rung, effect: Effect | None, ladder: Ladder) -> None:
    if effect is None:
        return
    color, marker = (BLUE, "o") if rung.number <= ladder.order.num_training else (VERMILION, "s")
    low, high = effect.ci95 or (effect.points, effect.points)
    axes.plot([low, high], [place, place], color=color, linewidth=1.8)
    fill = PAPER if effect.verdict == "undecided" else color
    axes.plot([effect.points], [place], marker, color=color, markerfacecolor=fill, markersize=6)
