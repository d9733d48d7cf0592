"""The figure of frames: top-1 of each network by the frames of its clips."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from analysis.frames.frames import of_frames
from analysis.model import half_width, model_text
from analysis.noise import Noise
from analysis.plot import BLUE, FAINT, INK, VERMILION, new_figure
from analysis.table import AXES, FRAMES

COLOURS = (BLUE, VERMILION, INK, FAINT)
MAX_LINES = len(COLOURS)


def frames_figure(groups: pd.DataFrame, noise: Noise) -> Figure:
    """A line per network, at most MAX_LINES, with the 95 % intervals of its means over seeds, for the models
    on which the rule of frames rests."""
    figure, axes = new_figure()
    models = of_frames(groups)
    half = half_width(models, noise).fillna(0.0)
    varying = [axis for axis in AXES if models[axis].nunique() > 1]
    networks = [rows for _, rows in models.groupby(list(AXES)) if len(rows) > 1]
    for color, rows in zip(COLOURS, networks, strict=False):
        rows = rows.sort_values(FRAMES)
        label = model_text(rows.iloc[0], varying) or "the network"
        spread = half.loc[rows.index]
        axes.errorbar(
            rows[FRAMES], 100 - rows["error"], yerr=spread, color=color, marker="o", capsize=2, label=label
        )
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sorted(models[FRAMES].unique())))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlabel("frames of a clip")
    axes.set_ylabel("top-1 (%)")
    figure.legend(loc="outside upper left", ncols=MAX_LINES)
    return figure
