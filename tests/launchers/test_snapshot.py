"""What is edited after a launch changes nothing that was launched, and every result names its code."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launchers.interpreter import interpreter
from scaling.errors import Refused
from scaling.study.checkout import ROOT, listing
from scaling.study.snapshot import Snapshot, code_digest

SLOW = (
    "depth=8 width=0.25 resolution=14 epochs=12 seed=0,1,2 device.checkpoint_every_s=0.3 "
    "data.num_train=640 data.num_val=64 tracker=none hydra.launcher.slots=1"
)
"""Three points of a few seconds each, one after another."""
TINY = "depth=8 width=0.125 resolution=8 data.num_train=256 data.num_val=64 tracker=none"

Start = Callable[..., "Sweep"]  # noqa: F821  (of conftest.py)
Bash = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout, committed."""
    copy = tmp_path / "checkout"
    for name in listing(ROOT).files:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    author = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    for words in (["init", "-q"], ["add", "."], [*author, "commit", "-qm", "Begin"]):
        subprocess.run(["git", "-C", str(copy), *words], check=True)
    return copy


def _edit(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def _provenance(study: Path) -> list[dict[str, Any]]:
    files = (study / "points").glob("*/result.json")
    return [json.loads(file.read_text())["provenance"] for file in files]


def _history(study: Path) -> list[dict[str, Any]]:
    history: list[dict[str, Any]] = json.loads((study / "study.json").read_text())["history"]
    return history


def test_edits_after_the_launch_change_nothing(start_sweep: Start, checkout: Path, tmp_path: Path) -> None:
    """Neither for points that wait, nor for one that a new process takes up again."""
    undisturbed = start_sweep(SLOW, checkout=checkout, name="undisturbed")
    assert undisturbed.end()[0] == 0
    code = code_digest(checkout)

    sweep = start_sweep(SLOW, checkout=checkout)
    sweep.wait_for(lambda states: any(state.epoch >= 1 for state in states.values()))
    _edit(checkout / "scaling/training/loop.py", "def train(", "raise RuntimeError\n\n\ndef train(")
    _edit(checkout / "conf/recipe/short.yaml", "learning_rate: 1.6", "learning_rate: 0.1")
    sweep.workers()[0].kill()
    exit_code, output = sweep.end()
    assert exit_code == 0, output
    assert "3 of 3 points done, 0 failed, 0 left." in output
    assert max(state.attempt for state in sweep.states().values()) == 2
    assert sweep.rows() == undisturbed.rows()

    (entry,) = _history(tmp_path / "mine")
    (tree,) = [path for path in (tmp_path / "mine/snapshots").glob("?" * 16) if path.is_dir()]
    assert entry["snapshot"] == tree.name
    describe = ["git", "-C", str(checkout), "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(describe, capture_output=True, text=True, check=True).stdout.strip()
    found = {(row["snapshot"], row["code"], row["git"]) for row in _provenance(tmp_path / "mine")}
    assert found == {(tree.name, code, commit)}


def test_a_point_in_the_foreground_names_its_code_and_a_plan_takes_none(bash: Bash, tmp_path: Path) -> None:
    line = f"python sweep.py {TINY} study.root={tmp_path} study.name=mine"
    assert bash(f"{line} plan=true").returncode == 0
    assert not (tmp_path / "mine/snapshots").exists()
    assert bash(line).returncode == 0
    (row,) = _provenance(tmp_path / "mine")
    planned, trained = _history(tmp_path / "mine")
    assert planned["snapshot"] is None
    assert trained["snapshot"] == row["snapshot"] is not None
    assert row["code"] == code_digest()
    assert (tmp_path / "mine/snapshots" / row["snapshot"] / "scaling/training/loop.py").is_file()


def test_the_interpreter_imports_from_the_snapshot_before_all_else(tmp_path: Path) -> None:
    """The current directory, PYTHONPATH and the installed checkout all hold another."""
    tree = tmp_path / "it's here"
    (tree / "scaling").mkdir(parents=True)
    (tree / "scaling/__init__.py").write_text("")
    line = f"{interpreter(Snapshot(hash='0', tree=tree))} -m scaling.where"
    (tree / "scaling/where.py").write_text("import scaling; print(scaling.__file__)")
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(tree / "scaling/__init__.py"), done.stderr


def test_a_path_that_cannot_be_imported_from_is_refused(start_sweep: Start) -> None:
    exit_code, output = start_sweep(TINY, name="a:b").end()
    assert exit_code == 2
    assert "as : separates paths: choose another study.name or study.root." in output
    with pytest.raises(Refused, match="Jobs cannot import from /a:b"):
        interpreter(Snapshot(hash="0", tree=Path("/a:b")))
