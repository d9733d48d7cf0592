"""The figure of pseudo-labels: what each network gains from them."""

from __future__ import annotations

from matplotlib.figure import Figure

from analysis.plot import INK, MARKERS, SERIES, new_figure, sequence, side_by_side
from analysis.pseudo_labels.pseudo_labels import PseudoLabelGains
from analysis.table import AXES


def pseudo_labels_figure(found: PseudoLabelGains) -> Figure:
    """Gain of each network, and of all, one colour per variant, with 95 % intervals over seeds."""
    networks = sorted({tuple(each.network.values()) for each in found.by_network if each.network})
    varied = [place for place in range(len(AXES)) if len({each[place] for each in networks}) > 1] or [0]
    names = [" ".join(f"{AXES[place][0]}{each[place]:g}" for place in varied) for each in networks]
    variants = list(dict.fromkeys(each.variant for each in found.overall))
    colors = SERIES[: len(variants)] if len(variants) <= len(SERIES) else sequence(len(variants))
    figure, axes = new_figure(width=max(5.0, 0.9 * (len(networks) + 1) + 1.5))
    for number, (variant, color) in enumerate(zip(variants, colors, strict=True)):
        shift = side_by_side(len(variants), 0.5)[number]
        gains = [each for each in (*found.by_network, *found.overall) if each.variant == variant]
        x = [shift + (networks.index(tuple(each.network.values())) if each.network else len(networks))
             for each in gains]  # fmt: skip
        marker = MARKERS[number % len(MARKERS)]
        axes.plot(x, [each.effect.points for each in gains], marker, color=color, label=variant, markersize=5)
        for at, each in zip(x, gains, strict=True):
            if each.effect.ci95 is not None:
                axes.plot([at, at], each.effect.ci95, color=color, linewidth=1.6, alpha=0.8)
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.axvline(len(networks) - 0.5, color=INK, linewidth=0.6, linestyle=":")
    axes.set_xticks(range(len(networks) + 1), [*names, "all"])
    axes.grid(axis="x", visible=False)
    axes.set(xlabel="network", ylabel=f"gain in {found.metric} over none (points)")
    figure.legend(loc="outside upper left", ncols=3, title="pseudo-labelled images per labelled one")
    return figure
