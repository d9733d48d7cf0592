"""The runs of Figures 2 and 3 as one list: each setting once, with what is known of its noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from scaling.models.network import Network
from scaling.published.resnet_rs import Accuracy, epoch_study, grid

RERUN_SD = 0.3
"""Points of top-1 by which another run of a network may differ: every published number is of one run, but for
those of Table 2.

The TF2 Model Garden trained ten networks of Table 7 again (`top1_again` in table7.csv), with differences of
-0.3 to +0.3. This is the largest of them, not the root mean square (0.19), since those were evaluated on
50,000 images, and minival has half as many."""
RERUN_DF = 10
"""The number of those differences."""
LONG = 350
"""Epochs of Figure 2 and of the longest runs of Figure 3."""

Setting = tuple[float, float, int, int]
"""Depth, width, resolution and epochs."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of either figure, on minival."""

    depth: int
    width: float
    resolution: int
    epochs: int
    network: Network
    top1: Accuracy
    step_seconds: float | None
    """Of a training step on TPUs, of a batch that is not said; None for a run that Figure 3 does not show."""
    flag: str
    """Why it may be wrong, as the file says; empty for most."""


def runs() -> list[Run]:
    """The 350 epochs of Figure 2, then what Figure 3 has besides.

    A run that is in both is one: the accuracy as read off Figure 2, the smaller of the two uncertainties, and
    the time of a step, which only Figure 3 has.
    """
    studied = {(run.depth, run.width, run.resolution, run.epochs): run for run in epoch_study()}
    found = []
    for cell in grid():
        run = studied.pop((cell.depth, cell.width, cell.resolution, LONG), None)
        top1 = cell.top1
        if run is not None:
            top1 = replace(top1, uncertainty=min(top1.uncertainty, run.top1.uncertainty))
        found.append(
            Run(
                depth=cell.depth,
                width=cell.width,
                resolution=cell.resolution,
                epochs=LONG,
                network=cell.network,
                top1=top1,
                step_seconds=None if run is None else run.step_seconds,
                flag=cell.flag,
            )
        )
    return found + [
        Run(
            depth=run.depth,
            width=run.width,
            resolution=run.resolution,
            epochs=run.epochs,
            network=run.network,
            top1=run.top1,
            step_seconds=run.step_seconds,
            flag="",
        )
        for run in studied.values()
    ]


def unread() -> set[Setting]:
    """Settings that the captions have and the figures show no marker of: not run, or hidden."""
    depths, widths, sides = (
        (26, 50, 101, 200, 300, 350, 400),
        (0.25, 0.5, 1, 1.5, 2),
        (128, 160, 224, 320, 448),
    )
    studied = epoch_study()
    networks = {(run.depth, run.width) for run in studied}
    lengths = product({run.resolution for run in studied}, {run.epochs for run in studied})
    asked: set[Setting] = {(*network, *length) for network, length in product(networks, lengths)}
    asked |= set(product(depths, widths, sides, (LONG,)))
    return asked - {(run.depth, run.width, run.resolution, run.epochs) for run in runs()}
