"""Provenance: the version of this project that made a report."""

from __future__ import annotations

from scaling.study.checkout import ROOT, installed_version, revision


def origin() -> dict[str, str | None]:
    """Version of the package and revision of the checkout; None where there is none."""
    return {"version": installed_version(), "git_revision": revision(ROOT)}
