"""Unlabelled images: files and shards without classes, found, told apart, and planned where absent."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scaling.data import unlabelled
from scaling.data.pseudo import Unlabelled
from scaling.errors import DataError, Refused


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    unlabelled.find.cache_clear()
    yield
    unlabelled.find.cache_clear()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two images in directories, and two in a shard."""
    top = tmp_path / "images"
    for number, place in enumerate(("a/0.png", "b/deep/1.png", "shard/2.png", "shard/3.png")):
        (top / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4, 3), 10 * number, np.uint8)).save(top / place)
    with tarfile.open(top / "shard.tar", "w") as tar:
        for name in ("2.png", "3.png"):
            tar.add(top / "shard" / name, name)
            (top / "shard" / name).unlink()
    (top / "notes.txt").write_text("not an image")
    return top


def test_files_and_shards_are_one_set(root: Path) -> None:
    declared = unlabelled.declared(str(root), None)
    assert declared.num_images == 4
    decoded = unlabelled.read(declared, str(root), 2)
    assert sorted(decoded.pixels[:, 0, 0, 0].tolist()) == [0, 10, 20, 30]
    assert len(unlabelled.check(unlabelled.declared(str(root), 3), str(root)).names) == 3


def test_other_images_are_told(root: Path) -> None:
    declared = unlabelled.declared(str(root), None)
    Image.fromarray(np.full((4, 4, 3), 99, np.uint8)).save(root / "a/0.png")
    unlabelled.find.cache_clear()
    with pytest.raises(DataError, match="are not the declared ones: their fingerprint is"):
        unlabelled.check(declared, str(root))


def test_absent_images_are_planned_by_number_and_asked_for_when_they_are_needed(tmp_path: Path) -> None:
    declared = unlabelled.declared(str(tmp_path / "absent"), 130_000_000)
    assert declared == Unlabelled(num_images=130_000_000, fingerprint=unlabelled.ABSENT)
    with pytest.raises(DataError, match="130000000 unlabelled images were planned only: give their dir"):
        unlabelled.check(declared, None)


def test_slips_are_sentences(root: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"pseudo\.num_images=5 is more than the 4 below"):
        unlabelled.declared(str(root), 5)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty has no images"):
        unlabelled.declared(str(tmp_path / "empty"), None)
    (root / "bad.tar").write_bytes(b"no tar")
    unlabelled.find.cache_clear()
    with pytest.raises(DataError, match=r"bad.tar is not a tar file"):
        unlabelled.declared(str(root), None)
