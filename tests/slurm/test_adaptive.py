"""The adaptive launch on a cluster, where launching returns at once: it waits by looking at the files."""

from __future__ import annotations

import re

import pytest

from control.__main__ import main as control
from scaling.errors import INTERRUPTED
from tests.slurm.conftest import NewSweep
from tests.slurm.sweeps import FEW_IMAGES, wait_for

pytestmark = [pytest.mark.xdist_group("slurm"), pytest.mark.usefixtures("slurm")]

GRID = (
    "depth=8,14,20 width=0.125,0.25,0.5 resolution=8 seed=0,1 study.adaptive=true hydra.launcher.probe=false"
)
"""Of 18 points two are chosen at a time."""


def test_rounds_follow_one_another_within_the_budget(new_sweep: NewSweep) -> None:
    budget = 6e8
    sweep = new_sweep(f"{GRID} epochs=1 data.num_train=256 {FEW_IMAGES} study.budget={budget}")
    said = sweep.type()
    assert sweep.jobs() == {}
    rows = [row for row in sweep.study.rows() if row["status"] == "completed"]
    spent = sum(row["train_flops"] for row in rows)
    assert len(rows) >= 4
    assert len(sweep.records) >= 2
    assert spent <= budget
    assert float(re.findall(r"Spent (\S+) of 6e8", said)[-1]) == pytest.approx(spent, rel=0.01)


def test_a_cancel_ends_the_loop_too(new_sweep: NewSweep) -> None:
    sweep = new_sweep(
        f"{GRID} epochs=20 device.checkpoint_every_s=0.5 data.num_train=640 {FEW_IMAGES} study.budget=1e12"
    )
    process = sweep.begin()
    wait_for(lambda: bool(sweep.jobs()))
    assert sweep.job_in_training() is not None
    assert control(["cancel", str(sweep.study.path), "--yes"]) == 0
    output, _ = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, output
    sweep.wait_until_gone()
    assert sweep.unexplained() == sweep.left()  # they wait for the line to be typed again
