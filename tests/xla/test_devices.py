"""Several XLA devices in one process, through the door: they train what one trains."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Bash = Callable[..., subprocess.CompletedProcess[str]]

LINE = (
    "python sweep.py device=tpu width=0.125 resolution=8 data.num_train=192 data.num_val=256 tracker=none "
    "recipe.norm_batch=16 epochs=2 study.name=mine"
)


def _rows(bash: Bash, root: Path, num_devices: int) -> list[dict[str, float]]:
    done = bash(f"{LINE} study.root={root}", timeout_s=400, CPU_NUM_DEVICES=str(num_devices))
    assert done.returncode == 0, done.stderr
    (directory,) = (root / "mine/points").iterdir()
    assert json.loads((directory / "result.json").read_text())["provenance"]["device"] == "tpu:0"
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.timeout(900)
def test_four_train_what_one_trains(bash: Bash, tmp_path: Path) -> None:
    """Batch norm sees the same images, wherever they lie."""
    alone, together = (_rows(bash, tmp_path / str(number), number) for number in (1, 4))
    assert len(alone) == len(together) == 2
    for row, other in zip(alone, together, strict=True):
        assert other == pytest.approx(row, rel=1e-5)
