"""Provenance: which version of this project made a report."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from scaling.training.provenance import ask_git


def origin() -> dict[str, str | None]:
    """Version of the package and revision of the checkout; None where there is none."""
    return {"version": _version(), "git_revision": ask_git("rev-parse", "HEAD")}


def _version() -> str | None:
    try:
        return version("scaling-study")
    except PackageNotFoundError:
        return None
