"""W&B's server on loopback, and the mirror of a study whose points train."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from scaling.tracking import MirrorProcess, Tracker, start
from tests.wandb_server import server as server


def follow(study: Any) -> MirrorProcess:
    """Start an online mirror."""
    process = start(study.path, Tracker(mode="online"))
    assert process is not None
    return process


def until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
