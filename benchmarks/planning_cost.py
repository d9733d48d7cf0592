"""How fast points are priced: our closed forms against counting a network built on torch's meta device.

    make bench                                       or: python -m benchmarks.planning_cost

Prices per second on one core, with the network described anew for each point: for a grid of 112 networks at 9
resolutions and 10 lengths, for the same at one length, and for networks that all differ. For comparison, as a
tool without closed forms would do it, torch's FlopCounterMode counts some of the latter, built from timm's
blocks on the meta device. A price is parameters, FLOPs, activations and memory.
"""

from __future__ import annotations

import os
import platform
import random
import time
from collections.abc import Callable, Sequence
from itertools import product

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.flop_counter import FlopCounterMode

from scaling.models.build import build
from scaling.models.efficientnet import EfficientNet
from scaling.models.layout import NAMED
from scaling.models.resnet import ResNetRS
from scaling.study.cost import cost_of
from scaling.study.training_step import TrainingStep

NUM_COUNTED = 12
Case = tuple[ResNetRS | EfficientNet, float, float, int, int]


def main() -> None:
    """Print the comparison."""
    random.seed(0)
    torch.set_num_threads(1)
    different = _different(10_000)
    counted = _rate(_count, random.sample(different, NUM_COUNTED))
    table = Table(title=f"one core of {os.cpu_count()}, {platform.machine()}, torch {torch.__version__}")
    for column in ("way", "points", "points a second", "ratio"):
        table.add_column(column)
    ways = {
        "closed form, 112 networks x 9 sizes x 10 lengths": _grid(lengths=10),
        "closed form, 112 networks x 9 sizes": _grid(lengths=1),
        "closed form, every network another": different,
    }
    for name, cases in ways.items():
        rate = _rate(_price, cases)
        table.add_row(name, f"{len(cases):,}", f"{rate:,.0f}", f"{rate / counted:,.0f}")
    table.add_row("counted on the meta device", f"{NUM_COUNTED}", f"{counted:.2f}", "1")
    Console(width=100).print(table)


def _grid(*, lengths: int) -> list[Case]:
    """A grid of depth x width x resolution x epochs, with `lengths` numbers of epochs."""
    depths, widths = list(NAMED)[:7], [0.25 * step for step in range(1, 17)]
    sizes = (128, 160, 192, 224, 256, 288, 320, 384, 448)
    family = ResNetRS()
    return [(family, *each) for each in product(depths, widths, sizes, range(10, 10 + lengths))]


def _different(num_points: int) -> list[Case]:
    """Random networks of two families, at random resolutions."""
    cases: list[Case] = []
    for _ in range(num_points):
        width, size = random.uniform(0.3, 2), random.randint(96, 448)
        if random.random() < 0.5:
            cases.append((ResNetRS(), 3 * random.randint(4, 140) + 2, width, size, 350))
        else:
            cases.append((EfficientNet(), random.uniform(1, 3.1), width, size, 350))
    return cases


def _rate(work: Callable[[Case], None], cases: Sequence[Case]) -> float:
    started = time.perf_counter()
    for case in cases:
        work(case)
    return len(cases) / (time.perf_counter() - started)


def _price(case: Case) -> None:
    family, depth, width, resolution, epochs = case
    cost_of(
        TrainingStep(
            network=family.network(depth, width),
            resolution=resolution,
            in_channels=3,
            num_classes=1000,
            batch_size=256,
            precision="bf16",
        ),
        images_seen=epochs * 1_281_167,
    )


def _count(case: Case) -> None:
    family, depth, width, resolution, _ = case
    network = family.network(depth, width)
    with torch.device("meta"), FlopCounterMode(display=False):
        build(network, in_channels=3, num_classes=1000).eval()(torch.empty(1, 3, resolution, resolution))


if __name__ == "__main__":
    main()
