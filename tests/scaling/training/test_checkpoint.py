"""Checkpoints: whole or absent, checked, and never run as code."""

from __future__ import annotations

import logging
import os
import pickle
from pathlib import Path
from threading import Lock

import pytest
import torch

from scaling.study.files import Unwritable
from scaling.training.checkpoint import Checkpoint

STATE = {"weights": torch.arange(1000.0), "rows": [{"epoch": 1, "loss": 0.5}], "ema": None, "step": 3}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "checkpoint.pt")


def test_what_is_saved_is_loaded(checkpoint: Checkpoint) -> None:
    assert checkpoint.load() is None
    checkpoint.save({"step": 1})
    checkpoint.save(STATE)
    loaded = checkpoint.load()
    assert loaded is not None
    assert torch.equal(loaded.pop("weights"), STATE["weights"])
    assert loaded == {name: value for name, value in STATE.items() if name != "weights"}
    assert _names(checkpoint) == ["checkpoint.pt", "checkpoint.pt.former"]


def _names(checkpoint: Checkpoint) -> list[str]:
    return sorted(file.name for file in checkpoint.path.parent.iterdir())


DAMAGE = ["truncated", "flipped", "empty"]


def _damage(file: Path, how: str) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1  # one bit of the weights
    file.write_bytes({"truncated": content[:-50], "flipped": content, "empty": b""}[how])


@pytest.mark.parametrize("damage", DAMAGE)
def test_the_former_one_is_loaded_where_the_last_is_damaged(checkpoint: Checkpoint, damage: str) -> None:
    checkpoint.save(STATE | {"step": 1})
    checkpoint.save(STATE | {"step": 2})
    _damage(checkpoint.path, damage)
    for _ in range(2):
        loaded = checkpoint.load()
        assert loaded is not None
        assert loaded["step"] == 1
    checkpoint.save(STATE)
    assert _names(checkpoint) == ["checkpoint.pt", "checkpoint.pt.corrupt", "checkpoint.pt.former"]


def test_a_save_that_fails_after_damage_leaves_the_former_one(small_disk: Path) -> None:
    checkpoint = Checkpoint(small_disk / "checkpoint.pt")
    checkpoint.save(STATE)
    checkpoint.save(STATE)
    _damage(checkpoint.path, "truncated")
    assert checkpoint.load() is not None
    for _ in range(2):
        with pytest.raises(Unwritable, match="the disk is full"):
            checkpoint.save({"weights": torch.zeros(8_000_000)})
        assert checkpoint.load() is not None
    assert _names(checkpoint) == ["checkpoint.pt.corrupt", "checkpoint.pt.former"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_set_aside(
    checkpoint: Checkpoint, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint.save(STATE)
    _damage(checkpoint.path, damage)
    with caplog.at_level(logging.WARNING):
        assert checkpoint.load() is None
    assert "is damaged" in caplog.text
    assert _names(checkpoint) == ["checkpoint.pt.corrupt"]
    assert checkpoint.load() is None


class Command:
    """Pickled, it would run a command when loaded."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("executed",)


@pytest.mark.parametrize("save", [pickle.dump, torch.save])
def test_no_code_is_run(
    checkpoint: Checkpoint, save: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with checkpoint.path.open("wb") as file:
        save({"step": Command()}, file)  # type: ignore[operator]
    assert checkpoint.load() is None
    assert not (tmp_path / "executed").exists()


def test_a_write_that_fails_leaves_the_former_file(checkpoint: Checkpoint) -> None:
    checkpoint.save(STATE)
    with pytest.raises(Exception, match="pickle"):
        checkpoint.save({"step": Lock()})
    loaded = checkpoint.load()
    assert loaded is not None
    assert loaded["step"] == 3


def test_a_full_disk_is_an_os_error_and_leaves_no_rest(small_disk: Path) -> None:
    checkpoint = Checkpoint(small_disk / "checkpoint.pt")
    checkpoint.save(STATE)
    with pytest.raises(Unwritable, match="the disk is full"):
        checkpoint.save({"weights": torch.zeros(8_000_000)})
    assert _names(checkpoint) == ["checkpoint.pt", "checkpoint.pt.former"]
    assert checkpoint.load() is not None


def test_remove_may_be_repeated(checkpoint: Checkpoint) -> None:
    checkpoint.save(STATE)
    checkpoint.save(STATE)
    checkpoint.remove()
    assert not list(checkpoint.path.parent.iterdir())
    checkpoint.remove()
