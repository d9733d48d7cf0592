"""The paper's tables as rows, each with the network that it names."""

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
    """How far it may be off as it was read or rounded, in points."""
    evaluated_on: str
    """`minival`, 2 % of the training images, or `validation`: the two must not be mixed."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A row of Table 7, or of Table 4."""

    name: str
    depth: float
    """Layers of a ResNet-RS, times the blocks of B0 of an EfficientNet."""
    width: float
    resolution: int
    network: Network
    params_m: str
    """In millions, as printed."""
    flops_b: str
    """In 1e9, as printed."""
    latency: dict[str, float]
    """Seconds for 1,024 images, by device."""
    top1: Accuracy
    top1_again: float | None
    """Of the TF2 Model Garden's run of the same network; None where it has none."""

    @property
    def title(self) -> str:
        """Such as `RS-350@256` or `B6@528`."""
        family, _, member = self.name.rpartition("_")
        short = member.upper() if family == "efficientnet" else f"RS-{member}"
        return f"{short}@{self.resolution}"


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """A network of the paper's grid, with what others computed for it."""

    depth: int
    width: float
    resolution: int
    network: Network
    flops: float
    """Computed by others."""
    flops_plotted: float
    """Read off the figure; NaN for the cells that only Figure 3 shows."""
    params_m: float
    top1: Accuracy
    flag: str
    """Why it may be wrong, as the file says; empty for most."""


@dataclass(frozen=True, kw_only=True)
class EpochCell:
    """A run of Figure 3."""

    depth: int
    width: float
    resolution: int
    epochs: int
    network: Network
    step_seconds: float
    """Of a training step on TPUs, of a batch that is not said."""
    top1: Accuracy


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A row of Table 1 or of Table 2: one network, trained in one way."""

    depth: int
    resolution: int
    epochs: int
    network: Network
    switches: dict[str, str | float | bool]
    """What it was trained with, by the column that a study has it in, such as `recipe.dropout`."""
    top1: Accuracy


TABLE2_RUNS = 2
"""Trainings that each number of Table 2 is the mean of."""

PRINTED_SPEEDUPS = {
    ("RS-101@160", "B2@260"): {"v100": 2.1, "tpu_v3": 1.8},
    ("RS-152@224", "B4@380"): {"v100": 2.7, "tpu_v3": 2.2},
    ("RS-152@256", "B4@380"): {"v100": 2.3, "tpu_v3": 1.7},
    ("RS-270@256", "B5@456"): {"v100": 2.2, "tpu_v3": 1.9},
    ("RS-350@256", "B6@528"): {"v100": 3.3, "tpu_v3": 2.7},
}
"""The speed-ups that Table 7 prints, by device."""

EQUAL_ACCURACY = tuple(PRINTED_SPEEDUPS)
"""Their pairs."""

PRINTED_SEMI_SUPERVISED = {("RS-152@224", "B5@456"): {"v100": 5.5, "tpu_v3": 4.7}}
"""The speed-ups of Table 4."""

PRINTED_MEMORY = {("RS-350@256", "B6@528"): 2.3, ("RS-420@320", "B7@600"): 1.8}
"""How many times less memory Table 3 prints."""

MEMORY_GB = {"RS-350@256": 7.3, "B6@528": 16.6, "RS-420@320": 15.5, "B7@600": 28.3}
"""Table 3: memory of a training step on 32 images in bf16 on a TPU v3 core, by no fusion or recomputation."""


def table7() -> list[Published]:
    """The 11 ResNet-RS and the 8 EfficientNets in the order of the table."""
    return _published("table7.csv")


def table4() -> list[Published]:
    """The two networks trained with pseudo-labelled images, both with the latencies of Table 7."""
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
    """The networks of Figure 2: ResNet-RS that keeps the max-pool in its stem."""
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
    """The runs of Figure 3, of networks of the grid; those of 350 epochs are in the grid as well."""
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
    """ResNet-200 with ever more methods, in the order of the table."""
    return [_trained(row, _architecture(row)) for row in _rows("table1.csv")]


def table2() -> list[Trained]:
    """Two weight decays at three levels of regularisation, of two networks."""
    return [_trained(row, ResNet()) for row in _rows("table2.csv")]


def named_network(name: str) -> Network:
    """The network of a name such as `resnet_rs_350` or `efficientnet_b6`."""
    depth, width = named_size(name)
    if name.startswith("efficientnet"):
        return EfficientNet().network(depth, width)
    return ResNetRS().network(int(depth), width)


def named_size(name: str) -> tuple[float, float]:
    """Depth and width of such a name."""
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
