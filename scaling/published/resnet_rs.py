"""The paper's tables and figures as rows, each with its network."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scaling.models.efficientnet import MEMBERS, EfficientNet
from scaling.models.network import Network
from scaling.models.resnet import ResNet, ResNetRS

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Top-1 accuracy in percent."""

    value: float
    uncertainty: float
    """Largest error from reading it off or from rounding, in points."""
    evaluated_on: str
    """`minival`, 2 % of the training images, or `validation`; the two must not be mixed."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A row of Table 7, or of Table 4."""

    name: str
    depth: float
    """Number of layers of a ResNet-RS, or depth multiplier of an EfficientNet."""
    width: float
    resolution: int
    network: Network
    params_m: str
    """Parameters in millions, as printed."""
    flops_b: str
    """FLOPs in 1e9, as printed."""
    latency: dict[str, float]
    """Seconds for 1,024 images, by device."""
    top1: Accuracy
    top1_again: float | None
    """Top-1 of the TF2 Model Garden's run of the same network; None if there is none."""

    @property
    def title(self) -> str:
        """A short name such as `RS-350@256` or `B6@528`."""
        family, _, member = self.name.rpartition("_")
        short = member.upper() if family == "efficientnet" else f"RS-{member}"
        return f"{short}@{self.resolution}"


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """A network of the paper's grid."""

    depth: int
    width: float
    resolution: int
    network: Network
    flops: float
    """FLOPs computed by others than this project."""
    flops_plotted: float
    """FLOPs read off the figure; NaN for networks that only Figure 3 shows."""
    params_m: float
    top1: Accuracy
    flag: str
    """Why the value may be wrong, according to the file; empty for most."""


@dataclass(frozen=True, kw_only=True)
class EpochCell:
    """A run of Figure 3."""

    depth: int
    width: float
    resolution: int
    epochs: int
    network: Network
    step_seconds: float
    """Seconds of a training step on TPUs, with an unknown batch size."""
    top1: Accuracy


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A row of Table 1 or of Table 2: one network, trained in one way."""

    depth: int
    resolution: int
    epochs: int
    network: Network
    switches: dict[str, str | float | bool]
    """The settings of its training, by the name of the column in a study, such as `recipe.dropout`."""
    top1: Accuracy


TABLE2_RUNS = 2
"""Number of runs of which each number of Table 2 is the mean."""

PRINTED_SPEEDUPS = {
    ("RS-101@160", "B2@260"): {"v100": 2.1, "tpu_v3": 1.8},
    ("RS-152@224", "B4@380"): {"v100": 2.7, "tpu_v3": 2.2},
    ("RS-152@256", "B4@380"): {"v100": 2.3, "tpu_v3": 1.7},
    ("RS-270@256", "B5@456"): {"v100": 2.2, "tpu_v3": 1.9},
    ("RS-350@256", "B6@528"): {"v100": 3.3, "tpu_v3": 2.7},
}
"""The speed-ups printed in Table 7, by device."""

EQUAL_ACCURACY = tuple(PRINTED_SPEEDUPS)
"""The pairs of networks of these speed-ups."""

PRINTED_SEMI_SUPERVISED = {("RS-152@224", "B5@456"): {"v100": 5.5, "tpu_v3": 4.7}}
"""The speed-ups printed in Table 4, by device."""

PRINTED_MEMORY = {("RS-350@256", "B6@528"): 2.3, ("RS-420@320", "B7@600"): 1.8}
"""The factors of reduction in memory printed in Table 3."""

MEMORY_GB = {"RS-350@256": 7.3, "B6@528": 16.6, "RS-420@320": 15.5, "B7@600": 28.3}
"""Memory of a training step in 1e9 bytes (Table 3): 32 images in bf16 on a TPU v3 core, without fusion or
recomputation."""


def table7() -> list[Published]:
    """The 11 ResNet-RS and the 8 EfficientNets of Table 7, in its order."""
    return _published("table7.csv")


def table4() -> list[Published]:
    """The two networks of Table 4, trained with pseudo-labelled images, with the latencies of Table 7."""
    return _published("table4.csv")


def _published(file: str) -> list[Published]:
    return [
        Published(
            name=row["model"],
            depth=named_size(row["model"])[0],
            width=named_size(row["model"])[1],
            resolution=int(row["resolution"]),
            network=named_network(row["model"]),
            params_m=row["params_m"],
            flops_b=row["flops_b"],
            latency={"v100": float(row["v100_s"]), "tpu_v3": float(row["tpu_v3_ms"]) / 1000},
            top1=_accuracy(row),
            top1_again=float(row["top1_again"]) if row["top1_again"] else None,
        )
        for row in _rows(file)
    ]


def grid() -> list[GridCell]:
    """The networks of Figure 2: ResNet-RS with max-pooling in the stem."""
    return [
        GridCell(
            depth=int(row["depth"]),
            width=float(row["width"]),
            resolution=int(row["resolution"]),
            network=_grid_network(row),
            flops=float(row["flops_calc"]),
            flops_plotted=float(row["flops_plot"]),
            params_m=float(row["params_calc_M"]),
            top1=_accuracy(row),
            flag=row["flag"],
        )
        for row in _rows("grid_350_epochs.csv")
    ]


def epoch_study() -> list[EpochCell]:
    """The runs of Figure 3, with networks of the grid; those of 350 epochs are also in `grid`."""
    return [
        EpochCell(
            depth=int(row["depth"]),
            width=float(row["width"]),
            resolution=int(row["resolution"]),
            epochs=int(row["epochs"]),
            network=_grid_network(row),
            step_seconds=float(row["step_seconds_tpu"]),
            top1=_accuracy(row),
        )
        for row in _rows("epoch_study.csv")
    ]


def table1() -> list[Trained]:
    """The rows of Table 1 in its order: ResNet-200 with more and more methods."""
    return [_trained(row, _architecture(row)) for row in _rows("table1.csv")]


def table2() -> list[Trained]:
    """The rows of Table 2: two networks at two weight decays and three levels of regularisation."""
    return [_trained(row, ResNet()) for row in _rows("table2.csv")]


def named_network(name: str) -> Network:
    """The network with a name such as `resnet_rs_350` or `efficientnet_b6`."""
    depth, width = named_size(name)
    if name.startswith("efficientnet"):
        return EfficientNet().network(depth, width)
    return ResNetRS().network(int(depth), width)


def named_size(name: str) -> tuple[float, float]:
    """The depth and width of the network with such a name."""
    family, _, member = name.rpartition("_")
    if family == "efficientnet":
        return MEMBERS[member].depth, MEMBERS[member].width
    return float(member), 1.0


def _grid_network(row: dict[str, str]) -> Network:
    return ResNetRS(stem_pool="max").network(int(row["depth"]), float(row["width"]))


def _trained(row: dict[str, str], family: ResNet) -> Trained:
    depth = int(row.get("depth", 200))
    strengths = ("ema_decay", "label_smoothing", "stochastic_depth", "dropout", "weight_decay")
    recipe = {f"recipe.{name}": float(row[name]) for name in strengths if name in row}
    return Trained(
        depth=depth,
        resolution=int(row.get("resolution", 256)),
        epochs=int(row["epochs"]),
        network=family.network(depth, 1.0),
        switches={
            "schedule.kind": row.get("schedule", "cosine"),
            **recipe,
            "recipe.rand_augment_layers": int(row["rand_augment_layers"]),
            "model.se_ratio": family.se_ratio,
            "model.stem": family.stem,
            "model.pooled_shortcut": family.pooled_shortcut,
        },
        top1=_accuracy(row),
    )


def _architecture(row: dict[str, str]) -> ResNet:
    """The family with the switches of a row of Table 1."""
    se_ratio = float(row["se_ratio"])
    return ResNetRS(se_ratio=se_ratio) if row["resnet_d"] == "1" else ResNet(se_ratio=se_ratio)


def _accuracy(row: dict[str, str]) -> Accuracy:
    return Accuracy(
        value=float(row["top1"]),
        uncertainty=float(row["top1_uncertainty"]),
        evaluated_on=row["evaluated_on"],
    )


def _rows(file: str) -> Iterator[dict[str, str]]:
    with (_HERE / file).open(newline="") as lines:
        yield from csv.DictReader(line for line in lines if not line.startswith("#"))
