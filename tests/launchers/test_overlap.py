"""Two people launch overlapping grids in one study: nothing is trained twice, and nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPETITIONS = 20

LINE = (
    "width=0.125 resolution=8 epochs=4 data.num_train=256 data.num_val=64 tracker=none hydra.launcher.slots=1"
)

Start = Callable[..., Any]


@pytest.mark.timeout(900)
def test_a_worker_that_wakes_too_late_is_refused() -> None:
    script = Path(__file__).with_name("overlap.py")
    command = [sys.executable, str(script), "--json", "--repetitions", str(REPETITIONS)]
    done = subprocess.run(command, cwd=script.parents[2], capture_output=True, text=True, check=False)
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(outcomes) == REPETITIONS, done.stderr
    expected = {"refused": 1, "lost": 0, "by_others": 0, "differing": 0, "leftovers": 0}
    assert [outcome for outcome in outcomes if outcome != expected] == []


def test_two_launches_at_once_share_the_work(start_sweep: Start, tmp_path: Path) -> None:
    sweeps = [start_sweep(f"{LINE} depth=8 seed={seeds}") for seeds in ("0,1,2,3,4", "2,3,4,5,6")]
    for sweep in sweeps:
        exit_code, output = sweep.end()
        assert exit_code == 0, output
        assert "5 of 5 points done, 0 failed, 0 left." in output
    points = list((tmp_path / "mine/points").iterdir())
    assert len(points) == 7
    for directory in points:
        result = json.loads((directory / "result.json").read_text())
        holders = sorted(directory.glob("lease-*.json"))
        assert result["provenance"]["token"] == int(holders[-1].stem.removeprefix("lease-"))
        assert json.loads((directory / "status.json").read_text())["status"] == "completed"
    history = json.loads((tmp_path / "mine/study.json").read_text())["history"]
    assert sorted(line["num_points"] for line in history) == [5, 5]
    assert {"seed=0,1,2,3,4" in line["command"] for line in history} == {True, False}
