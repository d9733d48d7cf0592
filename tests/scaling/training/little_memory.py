"""Train one point in a process that may map so many more megabytes; run by test_loop.py.

Prints the metrics, and whether memory ran out on the way, as JSON.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from pathlib import Path

import psutil

from scaling.data.catalog import DataConfig, declare
from scaling.data.load import load
from scaling.models.resnet_small import ResNetSmall
from scaling.study.point import Point
from scaling.training.checkpoint import Checkpoint
from scaling.training.device import use_device
from scaling.training.loop import Hooks, train
from scaling.training.placement import Placement
from scaling.training.recipe import Recipe
from scaling.training.saving import Saving
from scaling.training.schedule import Schedule

POINT = Point(
    depth=50,
    width=0.75,
    resolution=20,
    epochs=1,
    seed=0,
    family="resnet_small",
    model=ResNetSmall(),
    data=declare(DataConfig(name="mnist5k", num_val=100, num_train=256)),
    recipe=Recipe(batch_size=256, ema_decay=0.9, dropout=0.2, stochastic_depth=0.2),
    schedule=Schedule(),
    precision="fp32",
)


def main(directory: Path, megabytes: int | None) -> None:
    logging.basicConfig(stream=sys.stderr)
    images = load(POINT.data, None, POINT.resolution)
    if megabytes is not None:
        most = psutil.Process().memory_info().vms + megabytes * 10**6
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    device = use_device("cpu", num_threads=1)
    outcome = train(
        POINT,
        images,
        Placement(device=device),
        Saving(checkpoint=Checkpoint(directory / "checkpoint.pt"), every_s=1e9),
        Hooks(),
    )
    sys.stdout.write(json.dumps({"metrics": outcome.metrics, "frugal": outcome.frugal}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
