"""Published results as tables: the grid and the epoch study of ResNet-RS, and Tables 1, 2, 4 and 7 of its
paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.metric import FLOPS, LATENCY, MEMORY, Metric
from analysis.source.clean import build_table
from analysis.table import Printed, Table
from scaling.errors import Refused
from scaling.models.network import Network
from scaling.published.figures import LONG, RERUN_DF, RERUN_SD, runs
from scaling.published.resnet_rs import (
    MEMORY_GB,
    PRINTED_MEMORY,
    PRINTED_SEMI_SUPERVISED,
    PRINTED_SPEEDUPS,
    TABLE2_RUNS,
    Accuracy,
    Published,
    Trained,
    table1,
    table2,
    table4,
    table7,
)
from scaling.study.cost import cost_of
from scaling.study.training_step import TrainingStep

PREFIX = "published:"
TRAIN_IMAGES = 1_281_167
"""Number of training images of ImageNet-1k: those of one epoch."""

V100 = replace(LATENCY, detail="of 1,024 images on a V100")
TPU_V3 = replace(LATENCY, column="latency_tpu_v3_ms", detail="of 1,024 images on TPU v3", bounds=None)
"""Latencies on the devices of Tables 4 and 7, which the paper prints without intervals."""

REGULARISED = "more for larger models"
FLIPS_AND_CROPS = "flips and crops only"
"""The regularisation of the runs of 10 and 100 epochs (Appendix E)."""

Row = dict[str, object]


def read_published(source: str) -> Table:
    """The table of `published:NAME`. Raises `Refused` for a name that is not in TABLES.

    Depth and width are compared at equal time wherever the paper does so. A family is one setting whatever
    its epochs, so that training regimes can be compared; the `recipe.` columns hold what else changes between
    them.
    """
    name = source.removeprefix(PREFIX)
    if name not in TABLES:
        known = ", ".join(f"{PREFIX}{each}" for each in TABLES)
        raise Refused(f"{source} is not known: choose one of {known}.")
    published = TABLES[name]
    table = build_table(
        pd.DataFrame(published.rows()),
        name=name,
        source=source,
        profiled_of={LATENCY.name: published.latency_of, MEMORY.name: "of a training step on 32 images"},
        profiled=published.profiled,
    )
    return replace(
        table,
        printed=published.printed,
        rerun_sd=RERUN_SD / float(np.sqrt(published.num_runs)),
        rerun_df=RERUN_DF,
        compared_at=LATENCY.name if published.latency_of else FLOPS.name,
        num_runs=published.num_runs,
    )


def _figures() -> list[Row]:
    """The runs of Figures 2 and 3, evaluated on minival."""
    rows = []
    for run in runs():
        row = _row(run.network, run.depth, run.width, run.resolution, run.epochs, run.top1)
        row |= {
            "flag": run.flag,
            "recipe.regularisation": REGULARISED if run.epochs == LONG else FLIPS_AND_CROPS,
            "setting": "resnet_rs",
            "latency_ms": None if run.step_seconds is None else 1000 * run.step_seconds,
        }
        rows.append(row)
    return rows


def _table7() -> list[Row]:
    """The runs of Table 7, evaluated on the validation set, with the memory of Table 3."""
    return [_named_row(each) | {MEMORY.column: MEMORY_GB.get(each.title)} for each in table7()]


def _table4() -> list[Row]:
    """The runs of Table 4, evaluated on the validation set."""
    return [row | {"data": f"{row['data']}, semi-supervised"} for row in map(_named_row, table4())]


def _named_row(each: Published) -> Row:
    """One run of Table 7 or 4, with its latencies on both devices."""
    family = each.name.rpartition("_")[0]
    return _row(each.network, each.depth, each.width, each.resolution, LONG, each.top1) | {
        "model": each.name,
        "family": family,
        "setting": family,
        "title": each.title,
        V100.column: 1000 * each.latency["v100"],
        TPU_V3.column: 1000 * each.latency["tpu_v3"],
    }


def _methods(trained: list[Trained]) -> list[Row]:
    """The runs of Tables 1 and 2: networks of one family that differ in how they were trained."""
    return [
        _row(each.network, each.depth, 1.0, each.resolution, each.epochs, each.top1)
        | {"model": "resnet"}
        | each.switches
        for each in trained
    ]


def _row(network: Network, depth: float, width: float, resolution: int, epochs: int, top1: Accuracy) -> Row:
    """One run, with its costs computed as for a point of a study."""
    images_seen = epochs * TRAIN_IMAGES
    cost = cost_of(
        TrainingStep(network=network, resolution=resolution, in_channels=3, num_classes=1000),
        images_seen=images_seen,
    )
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


def _printed(times: Mapping[tuple[str, str], Mapping[str, float]]) -> tuple[Printed, ...]:
    """The speed-ups that the paper prints, by device."""
    return tuple(
        Printed(column=metric.column, fast=fast, slow=slow, times=by_device[device])
        for device, metric in (("v100", V100), ("tpu_v3", TPU_V3))
        for (fast, slow), by_device in times.items()
    )


_IN_MEMORY = tuple(
    Printed(column=MEMORY.column, fast=fast, slow=slow, times=times)
    for (fast, slow), times in PRINTED_MEMORY.items()
)


@dataclass(frozen=True, kw_only=True)
class Source:
    rows: Callable[[], list[Row]]
    latency_of: str = ""
    """What the latencies measure; empty where there are none."""
    profiled: tuple[Metric, ...] = ()
    """Profiled metrics other than latency and memory."""
    printed: tuple[Printed, ...] = ()
    num_runs: int = 1
    """Number of training runs that each value averages."""


TABLES = {
    "resnet_rs_2021": Source(rows=_figures, latency_of="of a training step on TPUs"),
    "resnet_rs_2021_table7": Source(
        rows=_table7,
        latency_of=V100.detail,
        profiled=(TPU_V3,),
        printed=(*_printed(PRINTED_SPEEDUPS), *_IN_MEMORY),
    ),
    "resnet_rs_2021_table4": Source(
        rows=_table4, latency_of=V100.detail, profiled=(TPU_V3,), printed=_printed(PRINTED_SEMI_SUPERVISED)
    ),
    "resnet_rs_2021_methods": Source(rows=lambda: _methods(table1())),
    "resnet_rs_2021_weight_decay": Source(rows=lambda: _methods(table2()), num_runs=TABLE2_RUNS),
}
"""The published sources by name."""
