"""Places: files are found before they are downloaded, and downloaded once."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from scaling.data.places import Wanted, find
from scaling.errors import DataError

WANTED = Wanted(name="mine", folder=Path("a/b"), files=("one", "two"), way="write it yourself")


def written(directory: Path) -> Path:
    """The files below a directory, as a download leaves them."""
    (directory / "a/b").mkdir(parents=True)
    for name in WANTED.files:
        (directory / "a/b" / name).write_text(name)
    return directory / "a/b"


def unexpected(_: Path) -> None:
    raise AssertionError("downloaded although it was there")


def test_the_first_place_that_has_all_files_is_taken(tmp_path: Path, empty_cache: Path) -> None:
    written(empty_cache)
    assert find(WANTED, str(tmp_path / "nowhere"), unexpected) == empty_cache / "a/b"
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "one").touch()
    assert find(WANTED, str(tmp_path / "part"), unexpected) == empty_cache / "a/b"
    system = written(tmp_path / "system")
    assert find(WANTED, None, unexpected, [system]) == system
    root = written(tmp_path / "root")
    assert find(WANTED, str(tmp_path / "root"), unexpected, [system]) == root


def test_it_is_downloaded_once_with_a_time_out_and_nothing_else_is_left(empty_cache: Path) -> None:
    timeouts = []

    def download(directory: Path) -> None:
        timeouts.append(socket.getdefaulttimeout())
        written(directory)

    folder = find(WANTED, None, download)
    assert find(WANTED, None, unexpected) == folder
    assert timeouts == [30.0]
    assert socket.getdefaulttimeout() is None
    assert [path.name for path in (empty_cache / "a").iterdir()] == ["b"]


def test_two_that_download_at_once_both_have_it(empty_cache: Path) -> None:
    together = Barrier(2, timeout=10)

    def download(directory: Path) -> None:
        written(directory)
        together.wait()

    with ThreadPoolExecutor(2) as threads:
        folders = list(threads.map(lambda _: find(WANTED, None, download), range(2)))
    assert folders == [empty_cache / "a/b"] * 2
    assert [path.name for path in (empty_cache / "a").iterdir()] == ["b"]


def test_a_download_that_fails_names_places_and_ways(tmp_path: Path, empty_cache: Path) -> None:
    def broken(directory: Path) -> None:
        (directory / "half").touch()
        raise OSError("the line\nis cut")

    with pytest.raises(DataError) as error:
        find(WANTED, str(tmp_path), broken)
    assert str(error.value) == (
        f"mine is in none of {tmp_path}, {empty_cache}/a/b: give its directory as data.root, write it "
        "yourself, or let torchvision download it, which failed here (the line is cut)."
    )
    assert not list((empty_cache / "a").iterdir())
