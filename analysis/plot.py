"""A plot: the house style, its colours, and labels that cover nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

INK = "#1b1f24"
PAPER = "#fefefe"
"""Background of texts; not quite white, so that a page can distinguish it from what is to stay white."""
FAINT = "#8c959f"
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
"""The palette of Okabe and Ito, which colour-blind people can distinguish."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Markers that are distinguishable without colour."""
SERIES = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)

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


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style, whatever the user's own settings are."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def new_figure(width: float = 5.0, height: float = 3.6, **subplots: Any) -> tuple[Figure, Any]:
    """A figure outside of pyplot's global state, with its axes; sizes in inches."""
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(**subplots)


def label_points(
    axes: Axes, spots: Sequence[tuple[float, float, str]], obstacles: Sequence[tuple[float, float]]
) -> None:
    """Write a text beside each spot where it covers no other text and no point; omit it where none of the
    four corners is free."""
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


def sequence(count: int) -> list[tuple[float, float, float, float]]:
    """`count` colours of viridis, dark to light, without the ends that are invisible on a dark or a white
    page."""
    return [matplotlib.colormaps["viridis"](share) for share in np.linspace(0.3, 0.84, count)]


def side_by_side(count: int, width: float) -> Sequence[float]:
    """`count` positions side by side within `width`, centred on 0."""
    return [width * (place / max(count - 1, 1) - 0.5) if count > 1 else 0.0 for place in range(count)]
