"""The figure of transfer: accuracy after the second training against that of the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.metric import ACCURACIES
from analysis.noise import Floats
from analysis.plot import BLUE, FAINT, INK, MARKERS, VERMILION, new_figure
from analysis.transfer.sentences import WAYS
from analysis.transfer.transfer import Transfer
from analysis.transfer.transferred import SCRATCH, Transferred
from scaling.quantity import counted

Drawn = tuple[str, str, Figure, str]
"""Topic, name, figure and caption."""
COLORS = {"all": VERMILION, "head": BLUE, SCRATCH: FAINT}


def transfer_figures(found: Sequence[Transfer]) -> Iterator[Drawn]:
    """One figure for each task whose starting points have an accuracy."""
    for place, each in enumerate(found):
        if any(np.isfinite(model.start_mean) for model in each.models):
            caption = (
                f"Accuracy on {each.task[0]} against that of the pre-training: dots are networks, bars the "
                "range of their seeds; crosses are the same networks from scratch."
            )
            yield "transfer", f"transfer{f'_{place}' if len(found) > 1 else ''}", _figure(each), caption


def _figure(found: Transfer) -> Figure:
    figure, axes = new_figure(5.6, 4.0)
    starts = sorted({each.start_epochs for each in found.models if np.isfinite(each.start_epochs)})
    markers = dict(zip(starts, MARKERS, strict=False))
    scratch = {each.network: each for each in found.models if each.tune == SCRATCH}
    for model in found.models:
        if not np.isfinite(model.start_mean):
            continue
        color, marker = COLORS[model.tune], markers.get(model.start_epochs, "o")
        axes.plot(model.start_mean, model.mean, marker, color=color, markersize=5, alpha=0.85, zorder=3)
        _bar(axes, model, color)
        alone = scratch.get(model.network)
        if model.tune == "all" and alone is not None:
            axes.plot(model.start_mean, alone.mean, "x", color=COLORS[SCRATCH], markersize=5, zorder=2)
    axes.set_xlabel("accuracy of the pre-training (%)")
    accuracy = ACCURACIES[found.metric.removeprefix("test_")].label
    axes.set_ylabel(f"{accuracy} on {found.task[0]} (%)")
    figure.legend(handles=_legend(found, markers), loc="outside upper left", ncols=3, handletextpad=0.2)
    return figure


def _bar(axes: Axes, model: Transferred, color: str) -> None:
    values: Floats = np.array(list(model.by_seed.values()))
    axes.vlines(model.start_mean, values.min(), values.max(), color=color, linewidth=0.8, alpha=0.6)


def _legend(found: Transfer, markers: dict[float, str]) -> list[Line2D]:
    tunes = [tune for tune in COLORS if any(each.tune == tune for each in found.models)]
    handles = [_handle("x" if tune == SCRATCH else "o", COLORS[tune], WAYS[tune]) for tune in tunes]
    if len(markers) > 1:
        handles += [
            _handle(marker, INK, f"{counted(epochs, 'epoch')} before") for epochs, marker in markers.items()
        ]
    return handles


def _handle(marker: str, color: str, label: str) -> Line2D:
    return Line2D([], [], linestyle="", marker=marker, color=color, label=label)
