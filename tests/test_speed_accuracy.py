"""The study of speed and accuracy, run by its one line on labels that carry no information."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Bash = Callable[..., subprocess.CompletedProcess[str]]


def test_shuffled_labels_leave_families_and_ladders_undecided(bash: Bash, tmp_path: Path) -> None:
    done = bash(
        "python sweep.py study=speed_accuracy data.shuffled_labels=true data.num_train=32 data.num_val=256 "
        f"epochs=1 seed=0,1 tracker=none study.root={tmp_path}"
    )
    assert "18 of 18 points done" in done.stdout, done.stdout + done.stderr
    told = bash(f"python -m analysis speedup {tmp_path}/speed_accuracy --json")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    assert {each["family"] for each in found["speedups"]} == {"efficientnet_rs", "resnet_rs"}
    assert {each["verdict"] for each in found["speedups"]} == {"undecided"}
    assert found["ladders"]
    assert "dearer" not in told.stdout
    assert "cheaper" not in told.stdout
