"""Servers that are slow, dead or busy: they cost no row, and no more time than is allowed for them."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scaling.study.store import Study
from scaling.tracking.client import AT_ONCE
from scaling.tracking.point_files import read_point
from scaling.tracking.process import WITHIN_S
from tests.conftest import ROOT
from tests.scaling.tracking.online.conftest import follow, until

SWEEP = (
    "-m depth=8 width=0.125 resolution=8 epochs=1,2 seed=0,1 data.num_train=256 data.num_val=64 tracker=wandb"
)


def test_fifty_points_that_start_and_end_at_once_do_not_stampede(study: Any, server: Any) -> None:
    points = [study.add(seed) for seed in range(50)]
    for point in points:
        point.train(num_epochs=1)
    mirror = follow(study)
    until(lambda: len(server.runs) == 50)
    for point in points:
        point.complete()
    assert mirror.finish(timeout_s=120)
    assert server.most_at_once <= 2 * AT_ONCE  # W&B streams rows beside
    assert [[row["_step"] for row in server.rows[point.id]] for point in points] == [[1, 2]] * 50
    assert set(server.exit_codes.values()) == {0}
    assert server.rewound.total() == 0


def test_a_busy_server_is_asked_again_and_not_at_once(study: Any, server: Any) -> None:
    point = study.add()
    point.complete()
    server.busy_for = 2
    assert follow(study).finish(timeout_s=60)
    assert [row["_step"] for row in server.rows[point.id]] == [1, 2]
    assert server.asked["429"] == 2
    assert min(server.waits) >= 1  # as it said


@pytest.mark.parametrize("trouble", ["dead", "slow"])
def test_a_sweep_ends_without_its_server_and_is_sent_later(
    trouble: str, tmp_path: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WANDB_INIT_TIMEOUT", "WANDB_FINISH_TIMEOUT"):
        monkeypatch.delenv(name)  # as users have it
    if trouble == "dead":
        server.dead = True
    else:
        server.delay_s = 6.0  # to each request
    swept = type_in(f"sweep.py {SWEEP} study.root={tmp_path} study.name=mine")
    assert swept.returncode == 0, swept.stderr
    assert "4 of 4 points done, 0 failed, 0 left." in swept.stdout
    assert f"python -m control sync {tmp_path}/mine" in swept.stdout
    assert f"{tmp_path}/mine/tracker.log says why." in " ".join(swept.stdout.split())
    assert "written offline" in (tmp_path / "mine" / "tracker.log").read_text()
    server.dead, server.delay_s = False, 0.0
    synced = type_in(f"-m control sync {tmp_path}/mine")
    assert synced.returncode == 0, synced.stdout + synced.stderr
    study = Study.open(tmp_path / "mine")
    for point_id in study.point_ids():
        files = read_point(study.directory(point_id))
        assert files is not None
        assert [row["_step"] for row in server.rows[point_id]] == [row["epoch"] for row in files.rows]
        assert server.exit_codes[point_id] == 0


def test_a_server_gets_five_seconds_after_the_last_point() -> None:
    assert WITHIN_S["online"] <= 5


def type_in(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *shlex.split(line)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
