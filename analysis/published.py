"""Published results as tables: the grid and the epoch study of ResNet-RS, and its Table 7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from analysis.metric import LATENCY
from analysis.table import Table, build_table
from scaling.errors import Refused
from scaling.models.network import Network
from scaling.published.resnet_rs import Accuracy, epoch_study, grid, table7
from scaling.study.cost import cost_of

PREFIX = "published:"
RERUN_SD = 0.3
"""Points of top-1 by which another run of a network may differ: every published number is of one run.

The TF2 Model Garden trained ten networks of Table 7 again (`top1_again` in table7.csv), with differences of
-0.3 to +0.3. This is the largest of them, not the root mean square (0.19), since those were evaluated on
50,000 images, and minival has half as many."""
RERUN_DF = 10
"""The number of those differences."""
LONG = 350
"""Epochs of Figure 2 and of the longest runs of Figure 3."""
TRAIN_IMAGES = 1_281_167
"""An epoch of ImageNet."""

REGULARISED = "more for larger models"
FLIPS_AND_CROPS = "flips and crops only"
"""Of the runs of 10 and 100 epochs (Appendix E)."""

Row = dict[str, object]


def read_published(source: str) -> Table:
    """The table of `published:NAME`; raises `Refused` for a name that is none of TABLES.

    It compares depth and width at equal time, as the paper does. A family is one setting, whatever the
    epochs, so that regimes can be compared: what else changed between them is in `recipe.` columns.
    """
    name = source.removeprefix(PREFIX)
    if name not in TABLES:
        known = ", ".join(f"{PREFIX}{each}" for each in TABLES)
        raise Refused(f"{source} is not known: there is {known}.")
    rows, latency_of = TABLES[name]
    table = build_table(
        pd.DataFrame(rows()),
        name=name,
        source=source,
        latency_of=latency_of,
        rerun_sd=RERUN_SD,
        rerun_df=RERUN_DF,
    )
    return replace(table, compared_at=LATENCY.name)


def _figures() -> list[Row]:
    """The runs of Figures 2 and 3, on minival.

    A run that is in both is one row: the accuracy as read off Figure 2, the smaller of the two uncertainties,
    and the time of a step, which only Figure 3 has.
    """
    studied = {(run.depth, run.width, run.resolution, run.epochs): run for run in epoch_study()}
    rows = []
    for cell in grid():
        row = _row(cell.network, cell.depth, cell.width, cell.resolution, LONG, cell.top1)
        row |= {"flag": cell.flag, "recipe.regularisation": REGULARISED}
        run = studied.pop((cell.depth, cell.width, cell.resolution, LONG), None)
        if run is not None:
            row["top1_uncertainty"] = min(cell.top1.uncertainty, run.top1.uncertainty)
            row["latency_ms"] = 1000 * run.step_seconds
        rows.append(row)
    for run in studied.values():
        row = _row(run.network, run.depth, run.width, run.resolution, run.epochs, run.top1)
        rows.append(row | {"latency_ms": 1000 * run.step_seconds, "recipe.regularisation": FLIPS_AND_CROPS})
    return [row | {"setting": "resnet_rs"} for row in rows]


def _table7() -> list[Row]:
    """Table 7, on the validation set."""
    rows = []
    for each in table7():
        row = _row(each.network, each.depth, each.width, each.resolution, LONG, each.top1)
        setting = each.name.rpartition("_")[0]
        rows.append(row | {"model": each.name, "setting": setting, "latency_ms": 1000 * each.latency["v100"]})
    return rows


def _row(network: Network, depth: float, width: float, resolution: int, epochs: int, top1: Accuracy) -> Row:
    """One run, with the costs computed as for a point of a study."""
    images_seen = epochs * TRAIN_IMAGES
    cost = cost_of(network, resolution=resolution, in_channels=3, num_classes=1000, images_seen=images_seen)
    return {
        "data": f"imagenet {top1.evaluated_on}",
        "evaluated_on": top1.evaluated_on,
        "depth": depth,
        "width": width,
        "resolution": resolution,
        "epochs": epochs,
        "seed": 0,
        "top1": top1.value,
        "top1_uncertainty": top1.uncertainty,
        **{name: getattr(cost, name) for name in ("params", "flops", "activations", "train_flops")},
    }


TABLES: dict[str, tuple[Callable[[], list[Row]], str]] = {
    "resnet_rs_2021": (_figures, "of a training step on TPUs"),
    "resnet_rs_2021_table7": (_table7, "of 1,024 images on a V100"),
}
"""By name: the rows, and what their latencies are of."""
