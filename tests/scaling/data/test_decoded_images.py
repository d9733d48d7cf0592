"""Decoded images on disk: made once, whole or not at all, and made again when damaged."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from scaling.cores import num_cores
from scaling.data.decoded_images import Decoded, fetch, size_gb
from scaling.data.folder import Folder, scan
from scaling.errors import DataError


def unexpected() -> Folder:
    raise AssertionError("looked for although they were decoded")


def _alike(one: Decoded, other: Decoded) -> bool:
    fields = ("pixels", "labels", "sums")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in fields)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "8"


def test_made_once_and_mapped(place: Path, pictures: Path) -> None:
    made = fetch(place, 8, lambda: scan(pictures))
    read = fetch(place, 8, unexpected)
    assert _alike(made, read)
    assert isinstance(read.pixels, np.memmap)
    assert read.pixels.shape == (200, 8, 8, 3)
    assert read.labels.tolist() == [0] * 100 + [1] * 100
    whole = read.pixels.reshape(200, -1, 3).astype(np.int64)
    assert np.array_equal(read.sums, np.stack([whole.sum(1), (whole**2).sum(1)], axis=1))
    assert not read.unreadable
    assert sorted(file.name for file in place.parent.iterdir()) == [".8.lock", "8"]


@pytest.mark.parametrize("file", ["pixels", "labels.npy", "sums.npy", "facts.json"])
@pytest.mark.parametrize("damage", ["truncated", "gone", "empty", "other"])
def test_damage_is_mended(
    place: Path, pictures: Path, file: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = fetch(place, 8, lambda: scan(pictures))
    pixels = np.array(whole.pixels)
    content = (place / file).read_bytes()
    (place / file).unlink()
    if damage != "gone":
        damaged = {"truncated": content[: len(content) // 2], "empty": b"", "other": b"[]"}
        (place / file).write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING):
        mended = fetch(place, 8, lambda: scan(pictures))
    assert np.array_equal(mended.pixels, pixels)
    assert "is damaged and is made again" in caplog.text
    assert _alike(fetch(place, 8, unexpected), mended)


SCRIPT = """
import logging, sys
from pathlib import Path
from scaling.data import decode_folder
from scaling.data.decoded_images import fetch
from scaling.data.folder import scan
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
decode_folder._PROCESS_FROM, decode_folder._BLOCK = int(sys.argv[4]), 10
print(int(fetch(Path(sys.argv[1]), int(sys.argv[2]), lambda: scan(Path(sys.argv[3]))).pixels.sum()))
"""


def _start(place: Path, side: int, pictures: Path, process_from: int = 2000) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", SCRIPT, str(place), str(side), str(pictures), str(process_from)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_of_several_processes_one_decodes(tmp_path: Path, pictures: Path) -> None:
    place = tmp_path / "cache" / "256"
    together = [_start(place, 256, pictures) for _ in range(3)]
    outputs = [process.communicate()[0] for process in together]
    assert [process.returncode for process in together] == [0, 0, 0]
    assert sum("INFO:scaling.data.decoded_images:decoding" in output for output in outputs) == 1
    assert len({output.splitlines()[-1] for output in outputs}) == 1


def test_an_interrupted_one_is_harmless(tmp_path: Path, pictures: Path) -> None:
    place = tmp_path / "cache" / "384"
    process = _start(place, 384, pictures)
    while not list(place.parent.glob(".384.*.tmp")):
        assert process.poll() is None
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not place.exists()
    again = _start(place, 384, pictures)
    assert again.communicate()[0]
    assert again.returncode == 0
    assert not list(place.parent.glob("*.tmp"))


def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path: Path, pictures: Path) -> None:
    if num_cores() < 2:
        pytest.skip("one core decodes in one process")
    process = _start(tmp_path / "cache" / "512", 512, pictures, process_from=50)
    workers: list[psutil.Process] = []
    while len(workers) < 3:  # two, and multiprocessing's own
        assert process.poll() is None
        workers = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=10)
    for worker in alive:
        worker.kill()
    process.communicate()
    assert not alive


def test_a_disk_without_room_is_told_before_anything_is_decoded(small_disk: Path, pictures: Path) -> None:
    with pytest.raises(DataError) as error:
        fetch(small_disk / "cache" / "256", 256, lambda: scan(pictures))
    for word in ("take 0.0393 GB", "GB free", "XDG_CACHE_HOME", str(small_disk)):
        assert word in str(error.value)
    assert sorted(path.name for path in (small_disk / "cache").iterdir()) == [".256.lock"]


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, pictures: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(
        DataError, match="cannot be written: Not a directory; fix that, or set XDG_CACHE_HOME"
    ):
        fetch(tmp_path / "file" / "cache" / "8", 8, lambda: scan(pictures))


def test_others_may_read_what_is_decoded(place: Path, pictures: Path) -> None:
    fetch(place, 8, lambda: scan(pictures))
    assert place.stat().st_mode & 0o055 == 0o055


def test_imagenet_takes_what_the_documents_say() -> None:
    assert round(size_gb(1_331_167, 224)) == 200


def test_several_processes_decode_what_one_does(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = fetch(tmp_path / "alone", 8, lambda: scan(pictures))
    monkeypatch.setattr("scaling.data.decode_folder._PROCESS_FROM", 50)
    monkeypatch.setattr("scaling.data.decode_folder._BLOCK", 30)
    assert _alike(fetch(tmp_path / "together", 8, lambda: scan(pictures)), alone)
