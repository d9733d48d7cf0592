"""A checkout: the files that make up the project's code, and what git knows about them."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).parents[2]
"""Root of the code that this process imports: a checkout, or in a job the snapshot of one."""
LARGEST_BYTES = 10_000_000
"""Size above which a file is left out of the code."""
LONGEST_DIFF_BYTES = 1_000_000
"""Size above which a diff is recorded by its digest only."""
_OWN = ("scaling", "launchers", "analysis", "control", "hydra_plugins", "conf", "sweep.py", "pyproject.toml")
"""Files and directories of the project, for a tree without git, such as an unpacked archive."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The files of a checkout, as paths relative to its root with forward slashes."""

    files: Sequence[str]
    """Regular files, and links that point inside the checkout; sorted."""
    left_out: Mapping[str, str]
    """Files that are left out, each with the reason."""


def listing(root: Path) -> Listing:
    """The code at `root`: the files that git tracks or would add; without git, the project's own files.

    Study directories inside the checkout are not code; they are not listed as left out either.
    """
    names = sorted(set(_names(root)))
    studies = _studies(root, names)
    files: list[str] = []
    left_out: dict[str, str] = {}
    for name in names:
        if studies.isdisjoint(PurePosixPath(name).parents) and os.path.lexists(root / name):
            if why := _why_not(root, name):
                left_out[name] = why
            else:
                files.append(name)
    return Listing(files=files, left_out=left_out)


def ask_git(root: Path, *words: str) -> str | None:
    """Output of a git command at `root`; None if git fails or `root` is not the top of a checkout.

    A directory deeper inside a checkout does not count: the enclosing checkout is another project's.
    """
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), *words]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return os.fsdecode(done.stdout) if done.returncode == 0 else None


def revision(root: Path) -> str | None:
    """The commit that is checked out at `root`, as 40 hex digits; None outside git."""
    found = ask_git(root, "rev-parse", "HEAD")
    return None if found is None else found.strip()


def git_facts(root: Path) -> dict[str, Any] | None:
    """Revision and diff of uncommitted changes (a long diff as its digest); None outside git."""
    commit = revision(root)
    diff = ask_git(root, "diff", "--no-ext-diff", "--no-color", "HEAD")
    if commit is None or diff is None:
        return None
    facts = {"revision": commit, "dirty": bool(diff)}
    content = os.fsencode(diff)
    if len(content) <= LONGEST_DIFF_BYTES:
        return {**facts, "diff": diff}
    note = f"the diff has {len(content):,} bytes and is left out; the snapshot has the files"
    return {**facts, "diff": None, "diff_sha256": hashlib.sha256(content).hexdigest(), "note": note}


def installed_version() -> str | None:
    """Version of the installed scaling-study; None if it is not installed."""
    try:
        return version("scaling-study")
    except PackageNotFoundError:
        return None


def _names(root: Path) -> Iterator[str]:
    listed = ask_git(root, "ls-files", "-coz", "--exclude-standard")
    if listed is None:
        yield from _own_names(root)
        return
    for name in filter(None, listed.split("\0")):
        yield from _below(root, name)


def _below(root: Path, name: str) -> Iterator[str]:
    """The file itself, or the files of a submodule, which git lists under a single name."""
    path = root / name
    if name.endswith("/") or path.is_symlink() or not path.is_dir():
        yield name
    elif (path / ".git").exists():
        yield from (f"{name}/{inner}" for inner in _names(path))


def _own_names(root: Path) -> Iterator[str]:
    for own in _OWN:
        for path in ((root / own), *(root / own).rglob("*")):
            if (path.is_symlink() or not path.is_dir()) and "__pycache__" not in path.parts:
                yield path.relative_to(root).as_posix()


def _studies(root: Path, names: Sequence[str]) -> set[PurePosixPath]:
    """Directories of the checkout that are studies."""
    directories = {parent for name in names for parent in PurePosixPath(name).parents}
    return {directory for directory in directories if (root / directory / "study.json").is_file()}


def _why_not(root: Path, name: str) -> str | None:
    """Why the file is not part of the code; None if it is."""
    path = root / name
    about = path.lstat()
    if name.endswith("/"):
        return "a repository of its own"
    if stat.S_ISLNK(about.st_mode):
        return None if _stays_inside(path, root) else "a link that leads outside"
    if not stat.S_ISREG(about.st_mode):
        return "not a regular file"
    if about.st_size > LARGEST_BYTES:
        return f"over {LARGEST_BYTES // 10**6} MB"
    return None if os.access(path, os.R_OK) else "not readable"


def _stays_inside(link: Path, root: Path) -> bool:
    """Whether a link is relative and ends inside `root`; an absolute one would lead out of a snapshot."""
    target = Path(os.path.realpath(link))
    return not os.path.isabs(os.readlink(link)) and target.is_relative_to(os.path.realpath(root))
