"""A snapshot: the code as it was when a launch began, which its jobs import whatever is edited later.

In a study, `snapshots/<hash>/` is the tree, `snapshots/<hash>.json` says where it comes from, and
`snapshots/objects/` stores each distinct content once; the files of all trees are hard links to it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scaling.errors import Refused
from scaling.study.checkout import ROOT, git_facts, listing
from scaling.study.files import LOCK, Corrupt, locked, read_json, write_bytes, write_json, writing_below

NAMED_AT_MOST = 10
"""Largest number of left-out files that a warning names."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A stored copy of the code."""

    hash: str
    """16 hex digits over paths, executable bits and contents, so that equal code has equal hashes."""
    tree: Path
    """Absolute path of the copy, which jobs put first on their import path."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A file of the code."""

    name: str
    kind: str
    """`file`, `executable` or `link`."""
    digest: str
    """SHA-256 of the content; for a link, of the path it points to."""

    @property
    def object_name(self) -> str:
        """Name among the objects: hard links share permissions, so executables are stored apart."""
        return f"{self.digest}.x" if self.kind == "executable" else self.digest


def take(study_path: Path, command: str, root: Path = ROOT) -> Snapshot:
    """Store the code at `root` in the study unless it is there, and repair damaged files of it.

    `command` is the launching command line. Raises Refused if a file changes meanwhile or if the study
    directory cannot be written.
    """
    listed = listing(root)
    if listed.left_out:
        log.warning("The snapshot of the code leaves out %s.", _named(listed.left_out))
    entries = [_entry(root, name) for name in listed.files]
    home = study_path.absolute() / "snapshots"
    taken = Snapshot(hash=_digest(entries), tree=home / _digest(entries))
    with writing_below(study_path):
        (home / "objects").mkdir(parents=True, exist_ok=True)
        with locked(study_path / LOCK):
            for entry in entries:
                _store(entry, root, home)
            _build(taken.tree, entries, home)
            _describe(taken, command, root, listed.left_out)
    return taken


@cache
def code_digest(root: Path = ROOT) -> str:
    """16 hex digits over the source of everything that a job imports from this project.

    The digest is the same in the launcher's checkout and in the snapshot that a job runs from.
    """
    names = listing(root).files
    return _digest(
        _entry(root, name) for name in names if name.startswith("scaling/") and name.endswith(".py")
    )


def git_of(study_path: Path, snapshot: str) -> str | None:
    """First 12 digits of the commit that a snapshot was taken from, with a + if files had been changed."""
    try:
        git = (read_json(_manifest(study_path / "snapshots" / snapshot)) or {}).get("git")
        return None if git is None else f"{git['revision'][:12]}{'+' if git['dirty'] else ''}"
    except (Corrupt, KeyError, TypeError):
        return None


def _manifest(tree: Path) -> Path:
    return tree.with_name(f"{tree.name}.json")


def _named(left_out: Mapping[str, str]) -> str:
    named = [f"{name} ({why})" for name, why in list(left_out.items())[:NAMED_AT_MOST]]
    more = len(left_out) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _entry(root: Path, name: str) -> _Entry:
    path = root / name
    kind = "link" if path.is_symlink() else "executable" if path.stat().st_mode & 0o100 else "file"
    return _Entry(name=name, kind=kind, digest=_sha256(_content(path)))


def _content(path: Path) -> bytes:
    """Content of a file, or the path that a link points to."""
    return os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()


def _digest(entries: Iterable[_Entry]) -> str:
    lines = [f"{entry.name}\0{entry.kind}\0{entry.digest}\n" for entry in entries]
    return _sha256(os.fsencode("".join(lines)))[:16]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _store(entry: _Entry, root: Path, home: Path) -> None:
    """Ensure that the content is among the objects, read-only."""
    kept = home / "objects" / entry.object_name
    if kept.exists() and _sha256(kept.read_bytes()) == entry.digest:
        return
    content = _content(root / entry.name)
    if _sha256(content) != entry.digest:
        raise Refused(f"{root / entry.name} changed during the launch: type the same line again.")
    write_bytes(kept, content)
    kept.chmod(0o555 if entry.kind == "executable" else 0o444)


def _build(tree: Path, entries: Sequence[_Entry], home: Path) -> None:
    """Ensure that the tree is complete: a new one is moved into place whole, an old one only repaired."""
    if tree.is_dir():
        _fill(tree, entries, home)
        return
    aside = _aside(home)
    try:
        _fill(aside, entries, home)
        os.rename(aside, tree)
    except OSError:
        if not tree.is_dir():  # else another launch was quicker, on a file system without locks
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(tree: Path, entries: Sequence[_Entry], home: Path) -> None:
    for directory in {(tree / entry.name).parent for entry in entries}:
        directory.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        kept = home / "objects" / entry.object_name
        if not _is_whole(tree / entry.name, entry, kept):
            aside = _aside(home)
            _copy(kept, aside, as_link=entry.kind == "link")
            os.replace(aside, tree / entry.name)


def _is_whole(file: Path, entry: _Entry, kept: Path) -> bool:
    if file.is_symlink() != (entry.kind == "link") or not os.path.lexists(file):
        return False
    return (entry.kind != "link" and file.samefile(kept)) or _content(file) == kept.read_bytes()


def _copy(kept: Path, aside: Path, *, as_link: bool) -> None:
    if as_link:
        os.symlink(os.fsdecode(kept.read_bytes()), aside)
        return
    try:
        os.link(kept, aside)
    except OSError:  # a different file system, or one without hard links
        shutil.copy2(kept, aside)


def _aside(home: Path) -> Path:
    return home / f".{uuid.uuid4().hex}"


def _describe(taken: Snapshot, command: str, root: Path, left_out: Mapping[str, str]) -> None:
    """Write the manifest unless it exists: it describes the first launch of this code."""
    manifest = _manifest(taken.tree)
    with suppress(Corrupt):
        if read_json(manifest) is not None:
            return
    about = {
        "hash": taken.hash,
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "command": command,
        "root": str(root),
        "git": git_facts(root),
        "left_out": dict(left_out),
    }
    write_json(manifest, about)
