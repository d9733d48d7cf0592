"""Figure of `decision_quality`: agreement with the full grid against compute, one panel per source."""

from __future__ import annotations

from math import ceil

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.plot import BLUE, FAINT, INK, MARKERS, SERIES, house_style, new_figure
from analysis.report.picture import Picture, picture
from benchmarks.decision_tables import ASKED, FORESIGHT, OURS, THIRD, curves
from benchmarks.rates import Rate

TICKS = (5, 10, 20, 33, 50, 100)
COLUMNS = 4


def draw(rows: pd.DataFrame) -> Picture:
    """Shares of the repetitions, with their 95 % intervals as bands."""
    names = list(rows["source"].unique())
    looks = _looks(list(curves(rows)))
    with house_style():
        num_rows = ceil((len(names) + 1) / COLUMNS)
        size = {"width": 3.1 * COLUMNS, "height": 2.7 * num_rows}
        figure, grid = new_figure(**size, nrows=num_rows, ncols=COLUMNS, sharex=True, sharey=True)
        panels = list(np.ravel(grid))
        for axes, name in zip(panels, names, strict=False):
            _panel(axes, name, rows[rows["source"] == name], looks)
        for axes in panels[len(names) :]:
            axes.axis("off")
        for axes in panels[max(len(names) - COLUMNS, 0) : len(names)]:
            axes.tick_params(labelbottom=True)
        handles, labels = panels[0].get_legend_handles_labels()
        title = f"Read by pairs; hollow, by {FORESIGHT}"
        panels[len(names)].legend(handles, labels, loc="center left", title=title, alignment="left")
        figure.supxlabel("train FLOPs, % of the full grid's", fontsize=10)
        figure.supylabel("% of repetitions with the verdicts that the full grid decides", fontsize=10)
        return picture(figure, "decisions", draw.__doc__ or "")


def _looks(names: list[str]) -> dict[str, dict[str, object]]:
    """Plot styles: ours stands out; the others differ in colour and marker."""
    others = [name for name in names if name != OURS]
    found: dict[str, dict[str, object]] = {
        name: {"color": color, "marker": marker, "linewidth": 1.2, "markersize": 3.5}
        for name, color, marker in zip(others, (*SERIES[1:], FAINT), MARKERS[1:], strict=False)
    }
    return found | {OURS: {"color": BLUE, "marker": "o", "linewidth": 2.4, "markersize": 4.5, "zorder": 3}}


def _panel(axes: Axes, name: str, rows: pd.DataFrame, looks: dict[str, dict[str, object]]) -> None:
    for strategy, part in curves(rows).items():
        rates = {100 * share: Rate.of(at["decided"]) for share, at in part.groupby("share")}
        known = {share: rate for share, rate in rates.items() if rate.n}
        if known:
            shares, values = [*known], [100 * rate.count / rate.n for rate in known.values()]
            low, high = zip(*(rate.ci95 for rate in known.values()), strict=True)
            label = f"{strategy}, by {FORESIGHT}" if strategy == OURS else strategy
            axes.plot(shares, values, label=label, **looks[strategy])
            axes.fill_between(shares, low, high, color=looks[strategy]["color"], alpha=0.12, linewidth=0)
    for strategy, part in _foreseen(rows):
        rate = Rate.of(part["decided"])
        if rate.n:
            look = {**looks[strategy], "markerfacecolor": "white", "markersize": 6, "linestyle": "none"}
            axes.plot([100 * THIRD], [100 * rate.count / rate.n], **look)
    axes.axhline(100 * ASKED, color=INK, linewidth=0.7, linestyle=":")
    axes.axvline(100 * THIRD, color=INK, linewidth=0.7, linestyle=":")
    decided = Rate.of(rows.drop_duplicates("repetition")["decided"]).n
    axes.set_title(f"{name} (n={decided})", fontsize=9)
    axes.set(xscale="log", ylim=(-3, 103), xlim=(4.5, 105))
    axes.set_xticks(TICKS, [str(tick) for tick in TICKS])
    axes.set_xticks([], minor=True)


def _foreseen(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Rows of all strategies but ours, read by foresight at a third of the train FLOPs."""
    third = rows[
        np.isclose(rows["share"], THIRD) & (rows["reading"] == FORESIGHT) & (rows["strategy"] != OURS)
    ]
    return [(str(name), part) for name, part in third.groupby("strategy", sort=False)]
