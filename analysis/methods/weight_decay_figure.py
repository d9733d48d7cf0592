"""The figure of weight decay against regularisation: the effect of less of the one at each level of the
other."""

from __future__ import annotations

from textwrap import fill

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.methods.weight_decay import ALL, Interplay
from analysis.plot import INK, MARKERS, PAPER, SERIES, new_figure, side_by_side


def weight_decay_figure(found: Interplay) -> Figure:
    """Effect of the lower weight decay at each level, one colour per network and black for the mean of all;
    filled markers are decided."""
    names = list(dict.fromkeys(each.regularised_by for each in found.levels))
    places = list(dict.fromkeys(each.place for each in found.levels))
    figure, axes = new_figure(1.6 + 1.4 * len(names), 3.8)
    handles = []
    for at, place in enumerate(places):
        color = INK if place == ALL else SERIES[at % len(SERIES)]
        marker = "D" if place == ALL else MARKERS[at % len(MARKERS)]
        handles.append(Line2D([], [], color=color, marker=marker, label=place))
        beside = 0.0 if place == ALL else side_by_side(len(places) - (ALL in places), 0.3)[at]
        for each in found.levels:
            if each.place == place and each.effect is not None:
                x = names.index(each.regularised_by) + beside
                low, high = each.effect.ci95 or (each.effect.points, each.effect.points)
                axes.plot([x, x], [low, high], color=color, linewidth=1.8)
                face = PAPER if each.effect.verdict == "undecided" else color
                axes.plot([x], [each.effect.points], marker, color=color, mfc=face, markersize=7)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_xticks(range(len(names)), [fill(name, 18) for name in names])
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.grid(axis="x", visible=False)
    axes.set(xlabel="regularised by", ylabel="lower minus higher\nweight decay (points)")
    reach = 1.15 * max(abs(bound) for bound in axes.get_ylim())
    axes.set_ylim(-reach, reach)
    for height, text, level in ((0.99, "less is better ↑", "top"), (0.01, "less is worse ↓", "bottom")):
        axes.text(0.01, height, text, transform=axes.transAxes, va=level, fontsize=8.5)
    if len(places) > 1:
        figure.legend(handles=handles, loc="outside upper left", ncols=min(len(places), 4))
    return figure
