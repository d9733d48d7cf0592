"""A source: what the user names on the command line, read into a table."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from analysis.source.clean import build_table
from analysis.source.file import read_file
from analysis.source.planned import planned_rows
from analysis.source.profiled import details, with_profile
from analysis.source.published import PREFIX as PUBLISHED
from analysis.source.published import read_published
from analysis.source.starts import with_starts
from analysis.source.stopped import with_stopped
from analysis.source.wandb_group import read_wandb
from analysis.source.wandb_runs import PREFIX as WANDB
from analysis.table import KNOWN_COLUMNS, Table
from scaling.errors import Refused
from scaling.profile.study_table import NAME as PROFILE
from scaling.study.store import Study


def read_source(
    source: str | Path, mapping: Mapping[str, str] | None = None, *, planned: bool = False
) -> Table:
    """Read a study directory, a CSV or Parquet file, published results (`published:resnet_rs_2021`) or a
    group of W&B runs (`wandb:ENTITY/PROJECT/GROUP`).

    `mapping` maps our column names to those of the source: {"top1": "acc1"}. `planned` adds the points that a
    study's plan contains but no launch has written to disk yet. Raises `Refused` for bad input.
    """
    if str(source).startswith(PUBLISHED):
        if mapping:
            raise Refused(f"--map renames the columns of files: {source} already has the names used here.")
        return read_published(str(source))
    raw, device = _read(str(source), planned=planned)
    renamed = _renamed(raw, mapping or {}, str(source))
    return build_table(
        renamed,
        name=source_name(source),
        source=str(source),
        profiled_of=details(device) if device else {},
    )


def source_name(source: str | Path) -> str:
    """Short name of a source: the study's name, the file's without its suffix, or the last part of any
    other."""
    kind, _, rest = str(source).partition(":")
    if f"{kind}:" in (PUBLISHED, WANDB):
        return re.sub(r"[^\w.-]", "_", rest.split("/", 2)[-1]).lstrip(".")
    return Path(source).resolve().stem


def _read(source: str, *, planned: bool) -> tuple[pd.DataFrame, str]:
    """The rows of a source, and the device that their times were measured on (empty where it is not
    stated)."""
    if source.startswith(WANDB):
        return read_wandb(source), ""
    path = Path(source)
    if not os.path.exists(path):  # False also for names that no file can have
        raise Refused(
            f"{source} does not exist: give a study directory, a CSV or a Parquet file, "
            f"{PUBLISHED}resnet_rs_2021 or {WANDB}ENTITY/PROJECT/GROUP."
        )
    return _read_study(path, planned=planned) if path.is_dir() else (read_file(path), "")


def read_rows(path: Path, mapping: Mapping[str, str]) -> pd.DataFrame:
    """The rows of a CSV or Parquet file unchanged, with the columns of `mapping` renamed to our names."""
    return _renamed(read_file(path), mapping, str(path))


def _read_study(path: Path, *, planned: bool) -> tuple[pd.DataFrame, str]:
    """The rows of a study, and the device that was profiled last."""
    if not (path / "study.json").is_file():
        raise Refused(f"{path} has no study.json, so it is not a study directory: give results/<name>.")
    study = Study.open(path)
    rows = study.rows()
    if planned:
        rows += planned_rows(study, {row["point"] for row in rows})
    if not rows:
        raise Refused(f"{path} has no points yet: run the sweep first.")
    return with_profile(with_stopped(with_starts(pd.DataFrame(rows), path), path), path / PROFILE)


def _renamed(raw: pd.DataFrame, mapping: Mapping[str, str], source: str) -> pd.DataFrame:
    for ours, theirs in mapping.items():
        if theirs not in raw:
            raise Refused(
                f"--map {ours}={theirs}: {source} has no column {theirs}, it has {', '.join(map(str, raw))}."
            )
        if ours not in KNOWN_COLUMNS:
            raise Refused(f"--map {ours}={theirs}: {ours} is not one of {', '.join(KNOWN_COLUMNS)}.")
    kept = raw.drop(columns=[ours for ours in mapping if ours in raw and ours not in mapping.values()])
    return kept.rename(columns={theirs: ours for ours, theirs in mapping.items()})
