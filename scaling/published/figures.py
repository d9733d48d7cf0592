"""The runs of Figures 2 and 3 as one list, with each setting once, and the noise of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from scaling.models.network import Network
from scaling.published.resnet_rs import Accuracy, epoch_study, grid

RERUN_SD = 0.3
"""Standard deviation assumed for the top-1 of a run, in points; all published numbers are of single runs,
except those of Table 2.

The TF2 Model Garden trained ten networks of Table 7 again (`top1_again` in table7.csv), with differences of
-0.3 to +0.3. This value is the largest difference rather than the root mean square (0.19), since those
networks were evaluated on 50,000 images, and minival has half as many."""
RERUN_DF = 10
"""Degrees of freedom of RERUN_SD, the number of those differences."""
LONG = 350
"""Number of epochs of Figure 2 and of the longest runs of Figure 3."""

Setting = tuple[float, float, int, int]
"""Depth, width, resolution and epochs."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of either figure, evaluated on minival."""

    depth: int
    width: float
    resolution: int
    epochs: int
    network: Network
    top1: Accuracy
    step_seconds: float | None
    """Seconds of a training step on TPUs, at an unknown batch size; None for runs that Figure 3 lacks."""
    flag: str
    """Why the value may be wrong, according to the file; empty for most."""


def runs() -> list[Run]:
    """The runs of Figure 2, of 350 epochs, then the other runs of Figure 3.

    Runs that are in both are merged, with the accuracy of Figure 2, the smaller of the two uncertainties, and
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
    """Settings that the captions list but for which the figures show no marker: not run, or hidden."""
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
