"""Batch norms of few channels on a CPU: `scaling.models.batch_norm` against torch's, forward and backward.

    python -m benchmarks.narrow_norms

One thread, a batch of 32 images, channels last; the median over about a second of runs each, by torch's
timer. With more pixels, the surrounding operations weigh less; torch's time is proportional to the number of
pixels, ours to that of values.
"""

from __future__ import annotations

import os
import platform

import torch
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.utils.benchmark import Timer

from scaling.models.batch_norm import BatchNorm2d

CHANNELS = (2, 4, 8, 12, 16, 20, 32)
RESOLUTIONS = (28, 56, 112)
BATCH_SIZE = 32


def main() -> None:
    machine = f"{os.cpu_count()} cores, {platform.machine()}, torch {torch.__version__}, one thread"
    table = Table("channels", *(f"{side} pixels" for side in RESOLUTIONS), title=machine)
    for channels in CHANNELS:
        table.add_row(str(channels), *(_compared(channels, side) for side in RESOLUTIONS))
    Console(width=120).print("torch's ms / ours = ratio", table)


def _compared(channels: int, side: int) -> str:
    theirs, ours = (1e3 * _seconds(norm(channels), side) for norm in (nn.BatchNorm2d, BatchNorm2d))
    return f"{theirs:.2f} / {ours:.2f} = {theirs / ours:.1f}"


def _seconds(norm: nn.BatchNorm2d, side: int) -> float:
    """Median seconds of a forward and backward pass."""
    images = torch.randn(BATCH_SIZE, norm.num_features, side, side)
    images = images.contiguous(memory_format=torch.channels_last).requires_grad_()
    names = {"norm": norm, "images": images, "grad": torch.autograd.grad}
    timer = Timer("grad(norm(images), [images, *norm.parameters()], images)", globals=names, num_threads=1)
    return timer.blocked_autorange(min_run_time=1).median


if __name__ == "__main__":
    main()
