"""The cache of stored images: parsed data sets are kept in the user's cache directory. No torch import."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from scaling.data.stored import Facts, Stored
from scaling.study.files import write_text

log = logging.getLogger(__name__)

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/scaling-study`, by default in `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "scaling-study"


def decoded_dir(name: str, content: str, version: int) -> Path:
    """Directory of what is decoded of the files of `name` by this version of a decoder; `content` tells
    different files apart."""
    digest = hashlib.sha256(content.encode()).hexdigest()[:32]
    return cache_dir() / name / f"{digest}-{version}"


def fetch(path: Path, make: Callable[[], Stored]) -> Stored:
    """The images cached at `path`; if they are missing or damaged, they are made and cached."""
    stored = _read(path)
    if stored is None:
        stored = make()
        _write(path, stored)
    return stored


def fetch_text(path: Path, make: Callable[[], str]) -> str:
    """The text cached at `path`; if it is missing, it is made and cached."""
    try:
        return path.read_text()
    except OSError:
        text = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)
    except OSError as error:
        log.warning("%s could not be cached: %s", path, error)
    return text


def _read(path: Path) -> Stored | None:
    try:
        with path.open("rb") as file, np.load(file) as members:
            facts = Facts(**json.loads(str(members["facts"])))
            stored = Stored(
                images=members["images"],
                labels=members["labels"],
                num_own_test=facts.num_own_test,
                masks=facts.masks,
            )
            if stored.facts != facts:
                raise ValueError("its pixels are not those that were written")
    except FileNotFoundError:
        return None
    except _UNREADABLE as error:
        log.warning("%s is damaged and is made again: %s", path, error)
        return None
    return stored


def _write(path: Path, stored: Stored) -> None:
    """Write to a temporary file and rename it, so that any of several writers leaves a complete file. A file
    that cannot be written is only logged."""
    facts = np.array(json.dumps(asdict(stored.facts)))
    aside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
            aside = Path(file.name)
            np.savez(file, images=stored.images, labels=stored.labels, facts=facts)
        aside.replace(path)
    except OSError as error:
        log.warning("%s could not be cached: %s", path, error)
        if aside is not None:
            aside.unlink(missing_ok=True)
