"""The end of a line before training, on which the benchmarks of planning, launches and the page rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scaling.study.store import Study
from tests.launchers.conftest import ROOT


def test_points_are_on_disk_and_none_is_trained(tmp_path: Path) -> None:
    line = f"-m depth=8,14 width=0.25 resolution=8 tracker=none study.root={tmp_path} study.name=mine"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.handed_over", *line.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("2 jobs handed over\n")
    study = Study.open(tmp_path / "mine")
    assert [row["status"] for row in study.rows()] == ["pending", "pending"]
