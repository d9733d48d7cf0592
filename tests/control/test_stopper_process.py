"""Stopping beside a launch: the switch, on a real point among planted ones."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from control.retry import mark_again
from scaling.study.files import write_json_once
from scaling.study.store import Study

pytestmark = pytest.mark.xdist_group("control")

Bash = Callable[..., subprocess.CompletedProcess[str]]
EPOCHS = 400
"""The most expensive point may be stopped from a quarter on; the rest leaves time to tell it."""
GRID = (
    f"python sweep.py -m depth=8,14,20,26 width=0.125,0.25,0.5 resolution=8 epochs={EPOCHS} seed=0,1 "
    "data.num_train=256 data.num_val=64 tracker=none hydra.launcher.slots=1"
)


@pytest.fixture
def planted(bash: Bash, tmp_path: Path) -> tuple[Study, str, str]:
    """A study in which all but the most expensive point have finished, that point's id, and the line."""
    line = f"{GRID} study.root={tmp_path} study.name=mine"
    planned = json.loads(bash(f"{line} plan=json").stdout)[0]["points"]
    planned.sort(key=lambda each: each["flops"])
    study = Study.open(tmp_path / "mine")
    epochs = EPOCHS * np.arange(1, 21) // 20
    for each in planned[:-1]:
        directory = study.directory(each["point"])
        directory.mkdir(parents=True)
        generator = np.random.default_rng(int(each["point"][:8], 16))
        level = np.random.default_rng([each["depth"], int(1000 * each["width"])]).uniform(2, 10)
        error = (
            level * (1 + (1 + np.cos(np.pi * epochs / EPOCHS)) / 2) * np.exp(0.01 * generator.normal(size=20))
        )
        rows = [{"epoch": int(e), "top1": 100 - each} for e, each in zip(epochs, error, strict=True)]
        (directory / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        metrics = {"top1": rows[-1]["top1"], "loss": 0.1, "train_loss": 0.1}
        assert write_json_once(directory / "result.json", {"schema": 1, "metrics": metrics, "measured": {}})
    return study, planned[-1]["point"], line


def test_a_point_that_cannot_matter_is_stopped(bash: Bash, planted: tuple[Study, str, str]) -> None:
    study, dear, line = planted
    done = bash(f"{line} stop.dominated=true stop.spared=0")
    assert done.returncode == 0, done.stderr
    assert "23 of 24 points done, 1 stopped early, 0 failed, 0 left." in done.stdout
    state = study.state(dear)
    assert (state.status, state.failure) == ("failed", "dominated")
    assert EPOCHS // 4 <= state.epoch < EPOCHS
    assert (study.directory(dear) / "checkpoint.pt").exists()
    assert f"{dear} is told to stop: {state.message}" in (study.path / "stopping.log").read_text()

    again = bash(f"{line} stop.dominated=true")
    assert f"dominated: {state.message} (an outcome, kept; python -m control retry" in again.stdout
    assert study.state(dear) == state

    assert mark_again(study, dear)
    plan = json.loads(bash(f"{line} stop.dominated=true plan=json").stdout)[0]["points"]
    assert [each["action"] for each in plan if each["point"] == dear] == ["run"]


def test_it_is_off_unless_asked_for(bash: Bash, tmp_path: Path) -> None:
    done = bash(
        f"python sweep.py -m study.root={tmp_path} study.name=mine depth=8 width=0.25 resolution=8 epochs=2 "
        "seed=0,1 data.num_train=256 data.num_val=64 tracker=none hydra.launcher.slots=1"
    )
    assert "2 of 2 points done, 0 failed, 0 left." in done.stdout
    assert not (tmp_path / "mine" / "stopping.log").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("stop=true", "stop=True should be one of its settings, such as stop.dominated=true."),
        ("stop.rung=0.5", "stop.rung is not an option"),
        ("stop.rungs=[0.5,1.5]", "stop.rungs=[0.5, 1.5] should be shares of a point's epochs"),
        ("stop.rungs=[0.5,0.5]", "between 0 and 1, each once, such as [0.25,0.5,0.75]."),
        ("stop.confidence=0.9", "stop.confidence=0.9 must be at least 0.95 and below 1."),
        ("stop.dominated=true,false", "stop.dominated cannot have several values in one launch"),
    ],
)
def test_what_it_cannot_be_is_refused(bash: Bash, tmp_path: Path, words: str, sentence: str) -> None:
    done = bash(f"python sweep.py -m depth=8,14 study.root={tmp_path} plan=true '{words}'")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert sentence in done.stderr


def test_the_command_says_what_it_needs(bash: Bash, planted: tuple[Study, str, str]) -> None:
    study, _, _ = planted
    refused = bash(f"python -m control stop-dominated {study.path} --rungs half")
    assert refused.returncode == 2
    assert "--rungs half is not a list of shares: separate them by commas" in refused.stderr
