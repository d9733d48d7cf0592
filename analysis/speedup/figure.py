"""The figures of speed-ups: accuracy against cost, with a frontier for each family or each ladder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.findings import Findings
from analysis.frontier.dominance import nondominated
from analysis.model import half_width
from analysis.noise import Floats, Rows
from analysis.pairs.ladder import MAX_GAP
from analysis.plot import MARKERS, SERIES, new_figure
from analysis.scale import log_axis
from analysis.speedup.model_family import ModelFamily
from analysis.speedup.price import HALF, Price, prices
from analysis.speedup.slow_resolution import same_networks
from analysis.speedup.speedup import regimes

Drawn = tuple[str, str, Figure, str]
"""Topic, name, figure and caption."""
WIDE = 48
"""Number of characters that fit in a row of the legend."""


def speedup_figures(findings: Findings) -> Iterator[Drawn]:
    """Figures of the last regime, one for each profiled cost, or for FLOPs if there is none, and those of
    ladders."""
    found = regimes(findings.table, findings.rivals)
    if not found:
        return
    costs = prices(findings.table, findings.rivals, 0)
    shown = [each for each in costs if each.metric.name in ("latency", "train_step", "memory")] or costs[:1]
    several = list(same_networks(found))
    for place, price in enumerate(shown):
        name = f"{price.metric.name}{f'_{place}' if _is_repeated(price, shown) else ''}"
        caption = (
            f"Accuracy against {price.metric.full_label}, lines along each family's frontier; bars are 95 % "
            "intervals, vertical of means over seeds, horizontal of the measurement."
        )
        yield "speedup", f"speedup_{name}", family_figure(findings, found[-1], price), caption
        if several:
            caption = f"The same networks on each ladder of resolution, against {price.metric.full_label}."
            yield "ladders", f"ladders_{name}", family_figure(findings, several[-1], price), caption


def _is_repeated(price: Price, shown: Sequence[Price]) -> bool:
    return sum(each.metric.name == price.metric.name for each in shown) > 1


def family_figure(findings: Findings, families: Sequence[ModelFamily], price: Price) -> Figure:
    """Accuracy against one cost: a colour and a marker per family, filled for models on its frontier. No line
    is drawn over a gap in which nothing is compared."""
    figure, axes = new_figure(5.6, 4.0)
    rows = np.concatenate([each.rows for each in families])
    cost = np.exp(price.log)
    log_axis(axes, "x", price.metric, list(cost[rows][np.isfinite(cost[rows])]))
    for family, color, marker in zip(families, SERIES * 2, (*MARKERS, *MARKERS), strict=False):
        known = family.rows[np.isfinite(cost[family.rows])]
        _draw(axes, findings, price, known, color, marker, family.name)
    axes.set_ylabel(findings.table.accuracy.axis_label)
    longest = max(len(each.name) for each in families)
    figure.legend(loc="outside upper left", ncols=max(1, min(len(families), WIDE // longest)))
    return figure


def _draw(
    axes: Axes, findings: Findings, price: Price, rows: Rows, color: str, marker: str, label: str
) -> None:
    rows = rows[np.argsort(price.log[rows], kind="stable")]
    models, x = findings.rivals.iloc[rows], np.exp(price.log[rows])
    y = 100 - models["error"].to_numpy(dtype=float)
    on = nondominated(np.column_stack([x, y]), ["minimise", "maximise"])
    half = half_width(models, findings.noise).fillna(0.0).to_numpy(dtype=float)
    axes.errorbar(
        x, y, yerr=half, xerr=_off(price, rows), fmt="none", ecolor=color, elinewidth=0.9, alpha=0.6
    )
    gaps = np.flatnonzero(np.diff(np.log(x[on])) > np.log(MAX_GAP)) + 1
    line = (np.insert(each[on], gaps, np.nan) for each in (x, y))
    axes.plot(*line, f"{marker}-", color=color, markersize=5.5, linewidth=1.2, label=label)
    axes.plot(x[~on], y[~on], marker, mfc="none", mec=color, markersize=5)


def _off(price: Price, rows: Rows) -> Floats:
    """[2, models], distances from a cost down and up to the ends of its 95 % interval."""
    cost, reach = np.exp(price.log[rows]), np.exp(HALF * price.spread[rows])
    return np.stack([cost - cost / reach, cost * reach - cost])
