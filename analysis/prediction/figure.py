"""The figure of a prediction: what each point took against what the plan said, coloured by the evidence."""

from __future__ import annotations

from matplotlib.figure import Figure

from analysis.metric import ACTUAL_TIME, PREDICTED_TIME
from analysis.plot import FAINT, INK, SERIES, new_figure
from analysis.prediction.prediction import SOURCES, Prediction, ratio_text
from analysis.scale import log_axis

COLORS = dict(zip(SOURCES, SERIES, strict=False))


def prediction_figure(found: Prediction) -> Figure:
    """Actual against predicted time, both on a log scale of the same range, with the line on which they
    agree."""
    figure, axes = new_figure()
    seconds = 3600 * found.points[[PREDICTED_TIME.column, ACTUAL_TIME.column]]
    reach = [seconds.to_numpy().min(), seconds.to_numpy().max()]
    log_axis(axes, "x", PREDICTED_TIME, reach)
    log_axis(axes, "y", ACTUAL_TIME, reach)
    for each in found.by_source:
        mine = seconds[found.points["predicted_from"] == each.source]
        axes.plot(
            mine[PREDICTED_TIME.column],
            mine[ACTUAL_TIME.column],
            "o",
            color=COLORS[each.source],
            markersize=4,
            alpha=0.7,
            label=f"{each.source} ({each.num_points})",
            zorder=2,
        )
    ratio, ends = found.overall.ratio, axes.get_xlim()
    median = f"median, {ratio_text(ratio)} times"
    axes.plot(ends, ends, color=INK, linewidth=0.9, label="as predicted", zorder=1)
    axes.plot(ends, [ratio * end for end in ends], "--", color=FAINT, linewidth=0.9, label=median, zorder=1)
    figure.legend(loc="outside upper left", ncols=3, handletextpad=0.3, columnspacing=1.2)
    return figure
