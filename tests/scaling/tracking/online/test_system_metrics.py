"""System metrics in W&B are of the process that trains the point, and of no other."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from scaling.study import lease
from scaling.tracking import Tracker, start
from tests.scaling.tracking.online.conftest import until

BALLAST_MB = 400


def hold(directory: Path, ready: Any) -> None:
    """Hold the point, as a worker that trains it does, with much memory."""
    ballast = bytearray(b"x" * (BALLAST_MB << 20))
    with lease.acquire(directory):  # type: ignore[union-attr]
        ready.set()
        multiprocessing.Event().wait(120)
    del ballast


@pytest.mark.parametrize("wanted", [True, False])
def test_they_are_of_the_process_that_trains(
    wanted: bool, study: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB__STATS_SAMPLING_INTERVAL", "0.5")
    point = study.add(epochs=4)
    point.train(num_epochs=1)
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    trainer = spawn.Process(target=hold, args=(point.path, ready))
    trainer.start()
    assert ready.wait(60)
    mirror = start(study.path, Tracker(mode="online", system_metrics=wanted))
    assert mirror is not None
    until(lambda: bool(server.events[point.id]) or (not wanted and bool(server.rows[point.id])))
    trainer.kill()
    trainer.join()
    point.complete(num_epochs=4)
    assert mirror.finish(timeout_s=60)
    assert bool(server.events[point.id]) == wanted
    if wanted:  # the last may be of a process that has ended
        seen = [event.get("system.proc.memory.rssMB", 0) for event in server.events[point.id]]
        assert max(seen) > BALLAST_MB
