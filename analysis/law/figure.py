"""The figures of a law: its formula against the measurements, and its residuals knob by knob."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import stdtrit

from analysis.law.law import Law
from analysis.metric import ERROR
from analysis.model import half_width
from analysis.noise import Noise
from analysis.plot import BLUE, FAINT, INK, VERMILION, new_figure
from analysis.scale import log_axis
from analysis.table import AXES

MAX_VECTOR = 1000
"""Number of models drawn as vectors in an SVG; more are embedded as an image."""


def law_figure(law: Law, models: pd.DataFrame, noise: Noise) -> Figure:
    """Measured against fitted error, both on a log scale of the same range, with both intervals."""
    figure, axes = new_figure()
    models = models[models["error"] > 0]
    measured, fitted = models["error"].to_numpy(dtype=float), law.formula_error(models)
    low, high = law.formula_interval(models)
    half = half_width(models, noise).fillna(0.0).to_numpy()
    reach = [min(fitted.min(), measured.min()), max(fitted.max(), measured.max())]
    log_axis(axes, "x", ERROR, reach)
    log_axis(axes, "y", ERROR, reach)
    axes.set(xlabel="error by the formula (%)", ylabel="error measured (%)")
    raster = len(models) > MAX_VECTOR
    least = np.maximum(measured - half, 1e-3 * measured)
    bars = {"linewidth": 0.8, "alpha": 0.6, "rasterized": raster}
    axes.hlines(measured, low, high, color=FAINT, zorder=1, **bars)
    axes.vlines(fitted, least, measured + half, color=BLUE, zorder=1.5, **bars)
    axes.plot(fitted, measured, "o", color=BLUE, markersize=3.5, alpha=0.8, zorder=2, rasterized=raster)
    ends = axes.get_xlim()
    axes.plot(ends, ends, color=INK, linewidth=0.9, zorder=1)
    return figure


def residuals_figure(law: Law, models: pd.DataFrame) -> Figure:
    """Measured over fitted error, minus 1, in percent, by each axis that varies.

    Every model is a dot; the mean at each value of the axis has its 95 % interval (Student's t).
    """
    models = models[models["error"] > 0]
    left = 100 * (models["error"].to_numpy(dtype=float) / law.formula_error(models) - 1)
    varying = [axis for axis in AXES if models[axis].nunique() > 1]
    num_columns = min(2, len(varying))
    num_rows = -(-len(varying) // num_columns)
    figure, grid = new_figure(nrows=num_rows, ncols=num_columns, squeeze=False, sharey=True)
    for axes, axis in zip(grid.flat, varying, strict=False):
        _draw_residuals(axes, models[axis], left)
        axes.set_xlabel(axis if axis != "resolution" else "resolution (px)", fontsize=9)
    for axes in list(grid.flat)[len(varying) :]:
        axes.set_visible(False)
    figure.supylabel("measured over fitted error, less 1 (%)", fontsize=9)
    return figure


def _draw_residuals(axes: Axes, knob: pd.Series, left: np.ndarray) -> None:
    values = np.sort(knob.unique())
    place = np.searchsorted(values, knob.to_numpy())
    raster = len(left) > MAX_VECTOR
    axes.plot(place, left, "o", color=BLUE, markersize=3, alpha=0.35, mew=0, zorder=1, rasterized=raster)
    grouped = pd.Series(left).groupby(place)
    mean, count = grouped.mean(), grouped.size()
    half = stdtrit((count - 1).clip(lower=1), 0.975) * grouped.sem().fillna(0.0)
    axes.vlines(mean.index, mean - half, mean + half, color=VERMILION, linewidth=1.8, zorder=2)
    axes.plot(mean.index, mean, "D", color=VERMILION, markersize=4, zorder=3)
    axes.axhline(0, color=INK, linewidth=0.9)
    shown = np.unique(np.linspace(0, len(values) - 1, 7).round().astype(int))
    axes.set_xticks(shown, [f"{values[at]:g}" for at in shown], fontsize=8)
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="x", visible=False)
