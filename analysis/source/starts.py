"""Starts: the rows of a study joined with those of the points from which they start, as columns `start.…`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scaling.study.store import Study

JOINED = (
    "data",
    "resolution",
    "epochs",
    "seed",
    "setting",
    "top1",
    "test_top1",
    "miou",
    "test_miou",
    "train_flops",
)
"""Columns of the starting point, each joined as `start.<name>`."""


def with_starts(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The rows of the study at `path` with those of their starting points; unchanged if no study of these is
    found."""
    if "start.point" not in rows or rows["start.point"].isna().all():
        return rows
    studies = [found for name in rows["start.study"].dropna().unique() if (found := _found(str(name), path))]
    theirs = [row for study in dict.fromkeys(studies) for row in Study.open(study).rows()]
    if not theirs:
        return rows
    about = pd.DataFrame(theirs).drop_duplicates("point").set_index("point")
    joined = {
        f"start.{name}": rows["start.point"].map(about[name]) for name in JOINED if name in about.columns
    }
    return rows.assign(**joined)


def _found(name: str, path: Path) -> Path | None:
    """The study at directory `name`: at its original place, or beside the study at `path` if both were
    moved."""
    places = (Path(name), path.parent / Path(name).name, path)
    return next((place for place in places if place.name == Path(name).name and _is_study(place)), None)


def _is_study(place: Path) -> bool:
    return (place / "study.json").is_file()
