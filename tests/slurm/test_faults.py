"""Faults in the middle of training: whatever happens to a job, none of its points is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import cycle, islice

import pytest

from tests.slurm import faults
from tests.slurm.conftest import NewSweep, Tally, Undisturbed
from tests.slurm.sweeps import SLOW, TWO_JOBS, verdict

pytestmark = [
    pytest.mark.prove,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.usefixtures("slurm"),
    pytest.mark.timeout(3600),
]

FAULTS: dict[str, tuple[faults.Fault, int]] = {
    "preempted in the middle of training": (faults.preempt, 20),
    "kill -9 of a random process": (faults.kill_a_process, 20),
    "scontrol requeue": (faults.requeue, 20),
    "a node dying": (faults.kill_the_node, 5),
    "the controller restarted": (faults.restart_the_controller, 10),
    "a job killed while the controller is down": (faults.kill_while_the_controller_is_down, 5),
}
"""Each with how often `make prove` does it; by default all happen to one sweep, once each."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        together = metafunc.config.getoption("repetitions") <= 20
        sets = [tuple(FAULTS)] if together else [(name,) for name in FAULTS]
        metafunc.parametrize("chosen", sets, ids=["all"] if together else list(FAULTS))


def test_faults_in_the_middle_of_training(
    chosen: tuple[str, ...], new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally, proving: bool
) -> None:
    wanted = FAULTS[chosen[0]][1] if proving else len(chosen)
    to_come = list(islice(cycle(chosen), wanted))
    while to_come:
        sweep = new_sweep(f"{SLOW} {TWO_JOBS}")
        sweep.type()
        injected: list[str] = []
        while to_come and (job := sweep.job_in_training()) is not None:
            time.sleep(random.random())
            inject, _ = FAULTS[to_come[0]]
            if inject(job):
                injected.append(to_come.pop(0))
        assert sweep.unexplained() == []
        retyped = sweep.finish()
        seen = verdict(sweep.study, undisturbed(SLOW))
        for name, times in Counter(injected).items():
            tally.add(name, times, seen, retyped)
        assert sweep.left() == []
