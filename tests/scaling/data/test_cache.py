"""The cache: damage is mended, writers do not disturb one another, a full disk is no harm."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scaling.data import mnist5k
from scaling.data.cache import cache_dir, fetch
from scaling.data.stored import Stored


def small() -> Stored:
    rng = np.random.default_rng(0)
    return Stored(
        images=rng.integers(0, 256, (6, 1, 4, 4), np.uint8), labels=np.arange(6) % 2, num_own_test=2
    )


def unexpected() -> Stored:
    raise AssertionError("made although it was cached")


def test_made_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "small.npz"
    made = fetch(path, small)
    read = fetch(path, unexpected)
    assert read.facts == made.facts
    assert np.array_equal(read.images, made.images)
    assert [file.name for file in path.parent.iterdir()] == ["small.npz"]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "other"])
def test_damage_is_mended(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "small.npz"
    fetch(path, small)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    damaged = {"truncated": content[:-100], "flipped": content, "empty": b"", "other": b"not a zip"}
    path.write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING):
        assert fetch(path, small).facts == small().facts
    assert "is made again" in caplog.text
    assert fetch(path, unexpected).facts == small().facts


def test_a_directory_that_cannot_be_written_is_no_harm(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert fetch(tmp_path / "file" / "small.npz", small).facts == small().facts
    assert "could not be cached" in caplog.text


def test_several_processes_at_once(tmp_path: Path) -> None:
    code = f"""
import numpy as np
from pathlib import Path
from scaling.data.cache import fetch
from scaling.data.stored import Stored
make = lambda: Stored(images=np.full((500, 1, 28, 28), 7, np.uint8), labels=np.zeros(500, np.int64))
for turn in range(20):
    path = Path({str(tmp_path)!r}) / f"{{turn % 4}}.npz"
    assert fetch(path, make).images.sum() == 500 * 28 * 28 * 7
    path.unlink(missing_ok=True)
"""
    workers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert not list(tmp_path.glob("*.tmp"))


def test_the_digits_are_the_declared_ones() -> None:
    assert mnist5k.read().facts == mnist5k.FACTS
    assert (cache_dir() / "mnist5k.npz").exists()
    assert np.bincount(mnist5k.read().labels).tolist() == [500] * 10
