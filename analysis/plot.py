"""A plot: the house style, axes labelled like people do, and files that are the same bytes every time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from matplotlib.transforms import Bbox

from analysis.metric import Metric
from scaling.quantity import count_text

INK = "#1b1f24"
PAPER = "#fefefe"
"""Behind texts. Not quite white, so that a page can tell it from what is to stay white."""
FAINT = "#8c959f"
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
"""Okabe and Ito's colours, told apart by colour-blind people too."""
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)

UNITS = (
    (1e-3, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    (1, (1, 2, 5, 10, 20, 30)),
    (60, (1, 2, 5, 10, 20, 30)),
)
LONG_UNITS = ((3600, (1, 2, 5, 12)), (86400, (1, 2, 5, 10, 20, 50, 100, 200)))
ROUND_SECONDS = [unit * count for unit, counts in (*UNITS, *LONG_UNITS) for count in counts]

HALVES = (*np.arange(1.0, 5.0, 0.5), *np.arange(5.0, 10.0))

STYLE: Any = {
    "font.size": 10,
    "axes.labelsize": 10,
    "legend.fontsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "svg.hashsalt": "scaling-study",
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}


@dataclass(frozen=True, kw_only=True)
class Picture:
    name: str
    """File name without an ending."""
    caption: str
    png: bytes
    svg: str

    def inline_svg(self) -> str:
        """The SVG for a page: no XML head, ink in the colour of the text around it, so that it suits dark
        pages."""
        body = self.svg[self.svg.index("<svg") :]
        body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
        body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body)
        body = re.sub(
            r'^<svg([^>]*?) width="[^"]*"', r"<svg\1", re.sub(r' height="[^"]*"', "", body, count=1)
        )
        for before in ('id="', 'xlink:href="#', "url(#"):
            body = body.replace(before, f"{before}{self.name}-")
        return body.replace(INK, "currentColor").replace(PAPER, "var(--paper, white)")


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style, whatever the user's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def picture(figure: Figure, name: str, caption: str) -> Picture:
    """Render a figure. No dates: the same figure gives the same bytes."""
    png, svg = BytesIO(), StringIO()
    with house_style():
        figure.savefig(png, format="png", dpi=200, facecolor="white", metadata={"Software": None})
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return Picture(name=name, caption=caption, png=png.getvalue(), svg=svg.getvalue())


def new_figure(width: float = 5.6, height: float = 4.0, **subplots: Any) -> tuple[Figure, Any]:
    """A figure that no global state holds, with its axes; sizes in inches."""
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(**subplots)


def log_axis(axes: Axes, side: Literal["x", "y"], metric: Metric, values: Sequence[float]) -> None:
    """Make one side a log axis with a handful of round ticks, `100M` or `2 min`, and the metric's label."""
    pad = max((max(values) / min(values)) ** 0.06, 1.05)
    low, high = min(values) / pad, max(values) * pad
    axes.set(**{f"{side}scale": "log", f"{side}lim": (low, high), f"{side}label": metric.axis_label})
    axis: Axis = axes.xaxis if side == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(_round_ticks(low, high, metric.unit == "s")))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: _tick_text(metric, value)))


def _tick_text(metric: Metric, value: float) -> str:
    return (
        metric.text(value) if metric.unit == "s" else count_text(value) if metric.unit == "" else f"{value:g}"
    )


def _round_ticks(low: float, high: float, is_time: bool) -> Sequence[float]:
    """Round values within the limits: at least four where there are as many, at most seven."""
    if is_time:
        times = [seconds for seconds in ROUND_SECONDS if low <= seconds <= high]
        return _thinned(times) if len(times) > 1 else _even_ticks(low, high)
    inside: list[float] = []
    for digits in (
        (1.0,),
        (1.0, 3.0),
        (1.0, 2.0, 5.0),
        np.arange(1.0, 10.0),
        HALVES,
        np.arange(1.0, 10.0, 0.1),
    ):
        decades = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
        inside = [
            t for decade in decades for digit in digits if low <= (t := float(digit * 10.0**decade)) <= high
        ]
        if len(inside) >= 4:
            break
    return _thinned(inside)


def _even_ticks(low: float, high: float) -> Sequence[float]:
    """Times at equal distances, round in their unit, for a range in which no two of ROUND_SECONDS are."""
    unit = max((size for size, _ in (*UNITS, *LONG_UNITS) if size <= low), default=UNITS[0][0])
    ticks = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low / unit, high / unit)
    return [unit * tick for tick in ticks if low <= unit * tick <= high]


def _thinned(ticks: Sequence[float]) -> Sequence[float]:
    return ticks[:: max(1, int(np.ceil(len(ticks) / 7)))]


def label_points(
    axes: Axes, spots: Sequence[tuple[float, float, str]], obstacles: Sequence[tuple[float, float]]
) -> None:
    """Write a text beside each spot where it covers no other text and no point; where none fits, leave it
    out."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    points = axes.transData.transform(np.array(obstacles, dtype=float))
    frame, taken = axes.get_window_extent(), list[Bbox]()
    for x, y, text in spots:
        for right, above in ((True, True), (False, False), (True, False), (False, True)):
            note = axes.annotate(
                text,
                (x, y),
                (5 if right else -5, 4 if above else -4),
                textcoords="offset points",
                ha="left" if right else "right",
                va="bottom" if above else "top",
                fontsize=7.5,
                path_effects=[withStroke(linewidth=2, foreground=PAPER)],
            )
            note.set_in_layout(False)
            box = note.get_window_extent().padded(3)
            inside = frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1)
            if inside and not box.count_contains(points) and not box.count_overlaps(taken):
                taken.append(box)
                break
            note.remove()
