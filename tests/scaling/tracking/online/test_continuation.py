"""A point's run goes on through every interruption: each row arrives once, at its own step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from scaling.study.about import Task
from scaling.study.store import Study
from tests.scaling.tracking.online.conftest import follow, until


@pytest.fixture
def point(study: Any) -> Any:
    """Of four epochs, two of which are done."""
    Study.create(study.path, Task("mnist5k"))
    point = study.add(epochs=4)
    point.train(num_epochs=2)
    return point


def sync(study: Any) -> None:
    command = [sys.executable, "-m", "control", "sync", str(study.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def wandb_sync(point: Any) -> None:
    """W&B's own command, of the point's directory."""
    command = [sys.executable, "-m", "wandb", "sync", *map(str, point.path.glob("wandb/offline-run-*"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def assert_whole(point: Any, server: Any, *, num_epochs: int = 4) -> None:
    assert list(server.runs) == [point.id]
    assert [row["_step"] for row in server.rows[point.id]] == list(range(1, num_epochs + 1))
    assert [row["epoch"] for row in server.rows[point.id]] == list(range(1, num_epochs + 1))
    assert server.exit_codes[point.id] == 0
    assert server.summaries[point.id]["status"] == "completed"


def test_after_the_mirror_was_killed(study: Any, point: Any, server: Any) -> None:
    mirror = follow(study)
    until(lambda: len(server.rows[point.id]) == 2)
    os.kill(mirror.pid, signal.SIGKILL)  # W&B's own helper lives on for a moment
    point.complete(num_epochs=4)
    assert mirror.finish(timeout_s=60)  # starts another
    assert_whole(point, server)
    assert server.rewound.total() == 0


def test_from_an_older_checkpoint(study: Any, point: Any, server: Any) -> None:
    point.train(num_epochs=3)
    mirror = follow(study)
    until(lambda: len(server.rows[point.id]) == 3)
    point.train(num_epochs=2)  # the third epoch was not saved
    assert mirror.finish(timeout_s=60)
    point.complete(num_epochs=4)
    assert follow(study).finish(timeout_s=60)
    assert_whole(point, server)
    assert server.rewound.total() == 0


def test_half_sent_then_offline_then_synced(study: Any, point: Any, server: Any) -> None:
    mirror = follow(study)
    until(lambda: len(server.rows[point.id]) == 2)
    server.dead = True
    point.complete(num_epochs=4)
    assert not mirror.finish(timeout_s=60)
    assert len(point.read_run()["rows"]) == 4
    server.dead = False
    for _ in range(2):
        sync(study)
    assert_whole(point, server)
    assert server.rewound.total() == 0


def test_failed_and_synced_then_completed_and_synced(study: Any, point: Any, server: Any) -> None:
    point.fail()
    sync(study)
    assert server.exit_codes[point.id] == 1
    point.complete(num_epochs=4)
    study.mirror()  # offline
    sync(study)
    assert_whole(point, server)


def test_offline_then_synced_by_wandb_itself(study: Any, point: Any, server: Any) -> None:
    point.complete(num_epochs=4)
    study.mirror()
    wandb_sync(point)
    assert_whole(point, server)
    assert server.summaries[point.id]["top1"] == 97.5
    assert server.runs[point.id]["groupName"] == "mine"
    wandb_sync(point)  # says that it was synced
    sync(study)  # and this one too, which cannot know
    assert_whole(point, server)
