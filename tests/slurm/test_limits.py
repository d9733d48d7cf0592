"""Limits of a job: too little time for a point, too little memory; and a site without accounting."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.slurm import faults
from tests.slurm.conftest import NewSweep, Tally, Undisturbed
from tests.slurm.sweeps import FEW_IMAGES, SLOW, TWO_JOBS, Sweep, verdict

pytestmark = [
    pytest.mark.prove,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.usefixtures("slurm"),
    pytest.mark.timeout(3600),
]

LONG = f"depth=8 width=0.25 resolution=14 device.checkpoint_every_s=0.5 data.num_train=640 {FEW_IMAGES}"
SECONDS_LEFT = "hydra.launcher.partition=tiny hydra.launcher.timeout_min=1 'hydra.launcher.setup=[sleep 38]'"
"""Of a minute that a job has, some ten seconds are left to train in."""
NO_SECOND_LEFT = (
    f"depth=8 epochs=1 data.num_train=256 {FEW_IMAGES} hydra.launcher.max_requeues=0 "
    "hydra.launcher.timeout_min=1 'hydra.launcher.setup=[echo started, sleep 47]'"
)
"""Of the minute that a job has, its setup takes all but the margin and perhaps a second."""
HUNGRY = f"depth=8 width=1 resolution=160 epochs=1 data.num_train=128 {FEW_IMAGES}"
"""A point of 2 GB."""


def test_too_little_time_and_too_little_memory(
    new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally, proving: bool
) -> None:
    """Three studies side by side, as two of them mostly wait."""
    long = f"{LONG} epochs={150 if proving else 60}"
    slow = new_sweep(f"{long} {SECONDS_LEFT}")
    slow.type()
    too_late = new_sweep(NO_SECOND_LEFT)
    too_late.type()
    hungry = new_sweep(HUNGRY)
    _runs_out_of_memory(hungry)
    _asks_for_more(hungry)
    tally.add("out of memory", 1, verdict(hungry.study, undisturbed(HUNGRY)), retyped=1)

    _ends_before_it_trains(too_late)

    assert slow.finish() == 0
    seen = verdict(slow.study, undisturbed(long))
    assert seen.resumed >= (3 if proving else 1)
    tally.add("a time limit shorter than a point", seen.resumed, seen)


def _ends_before_it_trains(sweep: Sweep) -> None:
    assert sweep.unexplained() == []
    assert sweep.num_starts() <= 2


def _runs_out_of_memory(sweep: Sweep) -> None:
    sweep.type("hydra.launcher.mem_gb=1.3")
    sweep.wait_until_gone()
    [point_id] = sweep.study.point_ids()
    noted = sweep.study.noted(point_id)
    assert (noted.status, noted.failure, noted.attempt) == ("failed", "out_of_memory", 1)


def _asks_for_more(sweep: Sweep) -> None:
    """The same line."""
    sweep.type()
    assert sweep.records[-1].job_class.resources.mem_gb == 3
    sweep.wait_until_gone()
    assert sweep.left() == []


def test_a_job_dies_where_accounting_is_off(
    new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally, slurm: Callable[..., str]
) -> None:
    slurm("accounting", "off")
    try:
        sweep = new_sweep(f"{SLOW} {TWO_JOBS}")
        sweep.type()
        job = sweep.job_in_training()
        assert job is not None
        assert faults.kill_the_batch_script(job)
        assert sweep.unexplained() == []
        retyped = sweep.finish()
    finally:
        slurm("accounting", "on")
    tally.add("accounting switched off, a job killed", 1, verdict(sweep.study, undisturbed(SLOW)), retyped)
