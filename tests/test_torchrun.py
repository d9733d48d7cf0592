"""One point trained by several processes of the real torchrun, through bash."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import TINY

Bash = Callable[..., subprocess.CompletedProcess[str]]

LINE = f"sweep.py {TINY} recipe.batch_size=32 recipe.norm_batch=16 tracker=none study.name=mine"
TORCHRUN = "torchrun --nproc-per-node 2"


def _rows(study: Path) -> list[dict[str, float]]:
    """Rows of the study's one point, without times."""
    (metrics,) = study.glob("points/*/metrics.jsonl")
    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def test_two_processes_have_the_loss_curve_of_one(bash: Bash, tmp_path: Path) -> None:
    together = bash(f"{TORCHRUN} {LINE} epochs=3 study.root={tmp_path}/two")
    assert together.returncode == 0, together.stderr
    assert together.stdout.count("1 of 1 points done, 0 failed, 0 left.") == 1
    assert bash(f"python {LINE} epochs=3 study.root={tmp_path}/one").returncode == 0
    ours, theirs = _rows(tmp_path / "one/mine"), _rows(tmp_path / "two/mine")
    assert len(ours) == len(theirs) == 3
    for row, other in zip(ours, theirs, strict=True):
        assert other == pytest.approx(row, rel=1e-5)
    again = bash(f"{TORCHRUN} {LINE} epochs=3 study.root={tmp_path}/two")
    assert (again.returncode, again.stdout.count("1 done or left out, 0 to run")) == (0, 1)


def test_a_killed_process_ends_the_other_and_the_same_line_goes_on(bash: Bash, tmp_path: Path) -> None:
    line = f"{LINE} epochs=20 device.checkpoint_every_s=0.01"
    process = _started(f"{TORCHRUN} {line} study.root={tmp_path}/two")
    _wait_for(lambda: list(tmp_path.glob("two/mine/points/*/checkpoint.pt")))
    _workers(process)[1].send_signal(signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    (sentence,) = [line for line in said.splitlines() if line.startswith("sweep.py: ")]
    assert "another of the 2 processes that trained it is gone; nothing is lost" in sentence
    typed = re.search(r"type the same line again: (torchrun .*)", sentence)
    assert typed is not None
    assert bash(typed[1]).returncode == 0
    (log,) = tmp_path.glob("two/mine/points/*/log.txt")
    assert "attempt 2 of" in log.read_text()
    undisturbed = bash(f"{TORCHRUN} {line} study.root={tmp_path}/undisturbed")
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert _rows(tmp_path / "two/mine") == _rows(tmp_path / "undisturbed/mine")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("-m", "torchrun's processes train one point together: leave out -m, or torchrun for a grid."),
        ("recipe.norm_batch=null", "2 processes cannot share the 1 norm batch of a step evenly"),
    ],
)
def test_what_they_cannot_do_is_refused_once(bash: Bash, tmp_path: Path, words: str, sentence: str) -> None:
    done = bash(f"{TORCHRUN} {LINE} {words} study.root={tmp_path}")
    assert done.returncode != 0
    said = [line for line in done.stderr.splitlines() if line.startswith("sweep.py: ")]
    assert len(said) == 1
    assert sentence in said[0]


def test_what_one_of_them_lacks_is_refused_by_it(bash: Bash, tmp_path: Path, pictures: Path) -> None:
    """One process lacks the images, as on a machine to which they were not copied."""
    pictures.rename(tmp_path / "pictures0")
    line = f"python {LINE} data=image_folder data.num_train=null data.mirror=true study.root={tmp_path}"
    done = bash(f"{TORCHRUN} --no-python bash -c '{line} data.root={tmp_path}/pictures$RANK'")
    assert done.returncode != 0
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("sweep.py: ")]
    assert said.startswith(f"sweep.py: process 1 alone: data.root={tmp_path}/pictures1 is not a directory")


def _started(line: str) -> subprocess.Popen[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200"}
    return subprocess.Popen(
        line.split(), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The workers in the order of their ranks."""
    children = [each for each in psutil.Process(process.pid).children() if "sweep.py" in each.cmdline()]
    return sorted(children, key=lambda child: int(child.environ()["RANK"]))


def _wait_for(happened: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)
