"""Provenance: which version of this project made a report. The only place that asks git."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def origin() -> dict[str, str | None]:
    """Version of the package and revision of the checkout; None where there is none."""
    return {"version": _version(), "git_revision": _revision()}


def _version() -> str | None:
    try:
        return version("scaling-study")
    except PackageNotFoundError:
        return None


def _revision() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
