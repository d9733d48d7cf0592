"""Snapshots: whole, stored once, mended, and the same code for the launcher and its jobs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.study.checkout import LARGEST_BYTES, ROOT
from scaling.study.files import Unwritable
from scaling.study.snapshot import Snapshot, code_digest, git_of, take

Git = Callable[..., str]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "mine").mkdir()
    return tmp_path / "mine"


def _files(tree: Path) -> dict[str, str]:
    found = [path for path in tree.rglob("*") if path.is_file()]
    return {str(path.relative_to(tree)): path.read_text() for path in sorted(found)}


def _manifest(taken: Snapshot) -> dict[str, object]:
    manifest: dict[str, object] = json.loads(taken.tree.with_name(f"{taken.hash}.json").read_text())
    return manifest


def test_it_holds_the_code_and_says_where_it_is_from(study: Path, checkout: Path, git: Git) -> None:
    taken = take(study, "python sweep.py -m depth=8,14", checkout)
    assert taken.tree == study / "snapshots" / taken.hash
    assert len(taken.hash) == 16
    assert _files(taken.tree) == {
        ".gitignore": "results/\nscratch.py\n",
        "conf/new.yaml": "x: 1\n",
        "conf/run.sh": "#!/bin/sh\n",
        "scaling/a.py": "a = 1\n",
        "scaling/b.py": "b = 1\n",
    }
    assert os.access(taken.tree / "conf/run.sh", os.X_OK)
    assert not (taken.tree / "scaling/a.py").stat().st_mode & 0o333
    manifest = _manifest(taken)
    commit = git(checkout, "rev-parse", "HEAD").strip()
    assert manifest["git"] == {"revision": commit, "dirty": False, "diff": ""}
    assert manifest["command"] == "python sweep.py -m depth=8,14"
    assert git_of(study, taken.hash) == commit[:12]


def test_a_change_makes_another_and_its_undoing_the_first(study: Path, checkout: Path) -> None:
    first = take(study, "", checkout)
    (checkout / "scaling/a.py").write_text("a = 2\n")
    second = take(study, "", checkout)
    assert first.hash != second.hash
    assert (first.tree / "scaling/a.py").read_text() == "a = 1\n"
    assert (git_of(study, second.hash) or "").endswith("+")
    (checkout / "scaling/a.py").write_text("a = 1\n")
    assert take(study, "", checkout) == first
    (checkout / "scaling/a.py").chmod(0o755)
    executable = take(study, "", checkout)
    assert executable.hash not in (first.hash, second.hash)
    assert os.access(executable.tree / "scaling/a.py", os.X_OK)
    assert not (first.tree / "scaling/a.py").stat().st_mode & 0o111


def test_equal_contents_are_stored_once(study: Path, checkout: Path) -> None:
    first = take(study, "", checkout)
    (checkout / "scaling/a.py").write_text("a = 2\n")
    second = take(study, "", checkout)
    assert (first.tree / "scaling/b.py").samefile(second.tree / "scaling/b.py")
    assert not (first.tree / "scaling/a.py").samefile(second.tree / "scaling/a.py")


def test_where_links_are_refused_files_are_copies(study: Path, checkout: Path) -> None:
    """Here because the objects are on another file system."""
    elsewhere = Path("/dev/shm") / f"objects-{os.getpid()}"
    elsewhere.mkdir()
    (study / "snapshots").mkdir()
    (study / "snapshots/objects").symlink_to(elsewhere)
    try:
        taken = take(study, "", checkout)
        assert (taken.tree / "scaling/a.py").read_text() == "a = 1\n"
        before = (taken.tree / "scaling/a.py").stat().st_ino
        assert take(study, "", checkout) == taken
        assert (taken.tree / "scaling/a.py").stat().st_ino == before
    finally:
        shutil.rmtree(elsewhere)


@pytest.mark.parametrize("damage", ["missing", "longer", "same size", "a link", "half-written", "manifest"])
def test_a_damaged_snapshot_is_mended(study: Path, checkout: Path, damage: str) -> None:
    taken = take(study, "", checkout)
    whole, file = _files(taken.tree), taken.tree / "scaling/a.py"
    if damage in ("missing", "a link"):
        file.unlink()
    if damage == "a link":
        file.symlink_to("b.py")
    if damage in ("longer", "same size"):
        file.chmod(0o644)
        file.write_text({"longer": "a = 10000\n", "same size": "a = 9\n"}[damage])  # the object's too
    if damage == "half-written":
        shutil.rmtree(taken.tree / "conf")
    if damage == "manifest":
        taken.tree.with_name(f"{taken.hash}.json").write_text("{")
    untouched = (taken.tree / "scaling/b.py").stat().st_ino
    assert take(study, "", checkout) == taken
    assert _files(taken.tree) == whole
    assert not file.is_symlink()
    assert (taken.tree / "scaling/b.py").stat().st_ino == untouched  # a job may be reading it
    assert _manifest(taken)["hash"] == taken.hash


def test_links_stay_links_and_lead_into_the_snapshot(study: Path, checkout: Path) -> None:
    (checkout / "scaling/c.py").symlink_to("a.py")
    taken = take(study, "", checkout)
    link = taken.tree / "scaling/c.py"
    assert os.readlink(link) == "a.py"
    (checkout / "scaling/c.py").unlink()
    (checkout / "scaling/c.py").symlink_to("b.py")
    assert take(study, "", checkout).hash != taken.hash


def test_a_big_file_is_left_out_and_named(
    study: Path, checkout: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (checkout / "weights.bin").open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    taken = take(study, "", checkout)
    assert "leaves out weights.bin (over 10 MB)." in caplog.text
    assert _manifest(taken)["left_out"] == {"weights.bin": "over 10 MB"}
    assert not (taken.tree / "weights.bin").exists()


def test_the_digest_of_the_code_is_one_number_here_and_in_a_job(study: Path, checkout: Path) -> None:
    """Although an ignored module lies in the checkout, and a job finds no git."""
    (checkout / "scaling/c.py").symlink_to("a.py")
    (checkout / "scaling/outside.py").symlink_to("../../outside.py")
    first = take(study, "", checkout)
    assert code_digest(first.tree) == code_digest(checkout)
    code_digest.cache_clear()
    (checkout / "conf/new.yaml").write_text("x: 2\n")
    assert code_digest(take(study, "", checkout).tree) == code_digest(first.tree)
    (checkout / "scaling/a.py").write_text("a = 2\n")
    assert code_digest(take(study, "", checkout).tree) == code_digest(checkout) != code_digest(first.tree)


def test_two_launches_at_once_make_one_snapshot(study: Path, checkout: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    code = (
        "import sys; from pathlib import Path; from scaling.study.snapshot import take\n"
        "study, root, start = map(Path, sys.argv[1:])\n"
        "print(flush=True)\n"
        "while not start.exists(): pass\n"
        "print(take(study, '', root).hash)"
    )
    command = [sys.executable, "-c", code, str(study), str(checkout), str(start)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for each in both:
        assert each.stdout is not None
        each.stdout.readline()
    start.touch()
    hashes = {each.communicate(timeout=60)[0].strip() for each in both}
    assert [each.returncode for each in both] == [0, 0]
    assert hashes == {take(study, "", checkout).hash}
    left = {path.name for path in (study / "snapshots").iterdir()}
    assert left == {*hashes, f"{min(hashes)}.json", "objects"}


def test_a_disk_that_fills_up_leaves_no_half_snapshot(small_disk: Path, checkout: Path) -> None:
    for number in range(18):
        (checkout / f"{number}.bin").write_bytes(bytes([number]) * 1_000_000)
    with pytest.raises(Unwritable, match="the disk is full"):
        take(small_disk, "", checkout)
    assert {path.name for path in (small_disk / "snapshots").iterdir()} == {"objects"}
