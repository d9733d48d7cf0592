"""Which files are the code: with git, without it, and whatever lies in between."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from scaling.study.checkout import LARGEST_BYTES, ask_git, git_facts, listing, revision

Git = Callable[..., str]


def test_tracked_and_new_files_are_code_ignored_and_deleted_ones_are_not(checkout: Path) -> None:
    listed = listing(checkout)
    assert listed.files == [".gitignore", "conf/new.yaml", "conf/run.sh", "scaling/a.py", "scaling/b.py"]
    assert listed.left_out == {}
    (checkout / "scaling/a.py").unlink()  # git still tracks it
    assert "scaling/a.py" not in listing(checkout).files


def test_names_of_all_kinds_are_kept(checkout: Path) -> None:
    strange = [os.fsdecode(name) for name in (b"conf/a b\nc", "conf/ü".encode(), b"conf/\xff")]
    for name in strange:
        (checkout / name).write_text("")
    assert set(strange) < set(listing(checkout).files)


def test_what_is_no_code_is_left_out_with_a_reason(checkout: Path) -> None:
    with (checkout / "weights.bin").open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    (checkout / "fits.bin").write_bytes(bytes(1000))
    (checkout / "out").symlink_to("../outside")
    (checkout / "home").symlink_to(checkout / "scaling")  # absolute: a copy would lead back here
    (checkout / "loop").symlink_to("loop")
    (checkout / "inner").symlink_to("scaling/a.py")
    subprocess.run(["git", "init", "-q", str(checkout / "other")], check=True)
    listed = listing(checkout)
    assert listed.left_out == {
        "home": "a link that leads outside",
        "other/": "a repository of its own",
        "out": "a link that leads outside",
        "weights.bin": "over 10 MB",
    }
    assert {"fits.bin", "inner", "loop"} < set(listed.files)


def test_a_study_in_the_checkout_is_no_code(checkout: Path) -> None:
    (checkout / "runs/mine/points").mkdir(parents=True)
    (checkout / "runs/mine/study.json").write_text("{}")
    (checkout / "runs/mine/points/metrics.jsonl").write_text("")
    (checkout / "runs/notes.txt").write_text("")
    assert [name for name in listing(checkout).files if name.startswith("runs")] == ["runs/notes.txt"]


def test_a_submodule_is_part_of_the_code(checkout: Path, git: Git, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    (other / "c.py").write_text("")
    git(other, "add", ".")
    git(other, "commit", "-qm", "Begin")
    git(checkout, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "scaling/sub")
    assert "scaling/sub/c.py" in listing(checkout).files


def test_without_git_the_projects_own_files_are_code(checkout: Path) -> None:
    """Also within another project's repository, which may well ignore them."""
    inner = checkout / "results/unpacked"
    (inner / "scaling/__pycache__").mkdir(parents=True)
    (inner / "elsewhere").mkdir()
    for name in ("scaling/a.py", "scaling/__pycache__/a.pyc", "elsewhere/b.py", "sweep.py"):
        (inner / name).write_text("")
    assert listing(inner).files == ["scaling/a.py", "sweep.py"]
    assert ask_git(inner, "status") is None
    assert git_facts(inner) is None


def test_what_git_says_is_recorded(checkout: Path, git: Git) -> None:
    commit = git(checkout, "rev-parse", "HEAD").strip()
    assert revision(checkout) == commit
    assert git_facts(checkout) == {"revision": commit, "dirty": False, "diff": ""}
    (checkout / "scaling/a.py").write_text("a = 2\n")
    facts = git_facts(checkout)
    assert facts is not None
    assert facts["dirty"]
    assert "-a = 1\n+a = 2\n" in facts["diff"]


def test_a_long_diff_is_told_by_its_digest(checkout: Path) -> None:
    (checkout / "scaling/a.py").write_text("a = 2\n" * 200_000)
    facts = git_facts(checkout)
    assert facts is not None
    assert facts["diff"] is None
    assert len(facts["diff_sha256"]) == 64
    assert facts["note"].startswith("the diff has 1,4")


def test_a_repository_without_a_commit_has_files_and_no_revision(tmp_path: Path, git: Git) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("")
    assert listing(tmp_path).files == ["a.py"]
    assert git_facts(tmp_path) is None
