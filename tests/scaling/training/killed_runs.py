"""Train one point twice, undisturbed and killed with SIGKILL at random moments; run by test_loop.py.

Each attempt is a process of its own, forked from this one, which has imported torch and trains nothing.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from scaling.data import rand_augment  # noqa: F401  likewise
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
    depth=8,
    width=0.25,
    resolution=10,
    epochs=14,
    seed=5,
    family="resnet_small",
    model=ResNetSmall(),
    data=declare(DataConfig(name="mnist5k", num_val=100, num_train=480)),
    recipe=Recipe(
        batch_size=32,
        norm_batch=16,
        learning_rate=0.8,
        ema_decay=0.9,
        stochastic_depth=0.3,
        dropout=0.2,
        rand_augment_layers=1,
    ),
    schedule=Schedule(),
    precision="fp32",
)


NUM_KILLS = 20


def start(directory: Path, steps: int) -> int:
    """Fork a process that trains the point in `directory` and writes a byte to `steps` before each step."""
    directory.mkdir(exist_ok=True)
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        train(
            POINT,
            load(POINT.data, None, POINT.resolution),
            Placement(device=use_device("cpu", num_threads=1)),
            Saving(checkpoint=Checkpoint(directory / "checkpoint.pt"), every_s=0.01),
            Hooks(
                on_epoch=lambda rows: (directory / "rows.json").write_text(json.dumps(rows)),
                should_stop=lambda: os.write(steps, b".") == 0,
            ),
        )
        status = 0
    finally:
        os._exit(status)


def exit_code(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(directory: Path, seed: int) -> None:
    load(POINT.data, None, POINT.resolution)  # once, for all that are forked
    steps_read, steps_written = os.pipe()
    assert exit_code(start(directory / "whole", steps_written)) == 0
    os.read(steps_read, 10_000)
    moments = random.Random(seed)
    killed_at = []
    for _ in range(NUM_KILLS):
        child = start(directory / "killed", steps_written)
        for _ in range(moments.randint(2, 12)):
            os.read(steps_read, 1)
        time.sleep(moments.uniform(0, 0.02))  # anywhere in a step or in the writing of a checkpoint
        os.kill(child, signal.SIGKILL)
        assert exit_code(child) == -signal.SIGKILL
        state = Checkpoint(directory / "killed" / "checkpoint.pt").load()
        killed_at.append(state["step"] if state else 0)
    assert exit_code(start(directory / "killed", steps_written)) == 0
    (directory / "killed_at.json").write_text(json.dumps(killed_at))


if __name__ == "__main__":
    main(Path(sys.argv[1]), seed=0)
