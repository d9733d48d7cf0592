"""How fast points are priced: our closed forms against counting a network built on torch's meta device.

    make bench                                       or: python benchmarks/planning_cost.py

Prices a second on one core: for a grid as studies have them (networks repeat along resolution and epochs),
for networks that all differ, and for torch's FlopCounterMode over some of these, built from timm's blocks on
the meta device, which is what a tool without closed forms does. A price is parameters, FLOPs, activations and
memory.
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
from scaling.models.network import Network
from scaling.models.resnet import ResNetRS
from scaling.study.cost import cost_of

NUM_COUNTED = 12
Case = tuple[Network, int, int]


def main() -> None:
    """Print the comparison."""
    random.seed(0)
    torch.set_num_threads(1)
    grid = _grid()
    different = _different(10_000)
    closed_grid, closed_different = _rate(_price, grid), _rate(_price, different)
    counted = _rate(_count, random.sample(different, NUM_COUNTED))
    table = Table(title=f"one core of {os.cpu_count()}, {platform.machine()}, torch {torch.__version__}")
    for column in ("way", "points", "points a second", "ratio"):
        table.add_column(column)
    table.add_row(
        "closed form, a grid of 112 networks",
        f"{len(grid):,}",
        f"{closed_grid:,.0f}",
        f"{closed_grid / counted:,.0f}",
    )
    table.add_row(
        "closed form, every network another",
        f"{len(different):,}",
        f"{closed_different:,.0f}",
        f"{closed_different / counted:,.0f}",
    )
    table.add_row("counted on the meta device", f"{NUM_COUNTED}", f"{counted:.2f}", "1")
    Console(width=100).print(table)


def _grid() -> list[Case]:
    """Depth x width x resolution x epochs, each network made anew for each point, as a planner does."""
    depths, widths = list(NAMED)[:7], [0.25 * step for step in range(1, 17)]
    sizes, lengths = (
        (128, 160, 192, 224, 256, 288, 320, 384, 448),
        (5, 10, 20, 30, 60, 90, 100, 200, 300, 350),
    )
    return [
        (ResNetRS().network(depth, width), size, epochs)
        for depth, width, size, epochs in product(depths, widths, sizes, lengths)
    ]


def _different(num_points: int) -> list[Case]:
    """Random networks of two families at random resolutions."""
    cases: list[Case] = []
    for _ in range(num_points):
        width = random.uniform(0.3, 2)
        if random.random() < 0.5:
            network: Network = ResNetRS().network(3 * random.randint(4, 140) + 2, width)
        else:
            network = EfficientNet().network(random.uniform(1, 3.1), width)
        cases.append((network, random.randint(96, 448), 350))
    return cases


def _rate(work: Callable[[Case], None], cases: Sequence[Case]) -> float:
    started = time.perf_counter()
    for case in cases:
        work(case)
    return len(cases) / (time.perf_counter() - started)


def _price(case: Case) -> None:
    network, resolution, epochs = case
    cost_of(
        network,
        resolution=resolution,
        in_channels=3,
        num_classes=1000,
        images_seen=epochs * 1_281_167,
        batch_size=256,
        precision="bf16",
    )


def _count(case: Case) -> None:
    network, resolution, _ = case
    with torch.device("meta"), FlopCounterMode(display=False):
        build(network, in_channels=3, num_classes=1000).eval()(torch.empty(1, 3, resolution, resolution))


if __name__ == "__main__":
    main()
