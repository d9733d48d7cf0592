"""The documented lines that go to Slurm make a plan, with the cluster at hand."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "slurm.md"
LINES = re.findall(r"^    (python sweep\.py .*)$", DOCUMENT.read_text(), re.MULTILINE)


@pytest.mark.xdist_group("slurm")
@pytest.mark.parametrize("line", LINES)
def test_documented_lines_make_a_plan(
    slurm: Callable[..., str],
    bash: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    line: str,
) -> None:
    del slurm
    done = bash(f"{line} study.root={tmp_path} plan=true")
    assert done.returncode == 0, done.stderr
    assert " to run" in done.stdout
