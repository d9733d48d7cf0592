"""The command line that makes the suggested runs: a study's last one, or one built from the source's
setting."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.setting import Base, base_setting
from analysis.table import AXES, Table
from scaling.errors import Refused
from scaling.study.store import Study

_OF_ONE_LINE = ("plan", "only", "probe", "study.adaptive", "study.budget", "study.smallest")
"""Overrides of a study's last command line that do not carry over to the next."""
_FLAGS = ("--json", "--csv")


def line_of(table: Table, points: pd.DataFrame, model: str | None) -> str:
    """The command line to type. Raises `Refused` where the source does not contain what it needs.

    For a study, its last planning command restricted to these points; for another source, a zip of the points
    on top of the setting of its networks, or of `model`, a file of conf/model.
    """
    path = Path(table.source)
    if (path / "study.json").is_file():
        return _again(Study(path), [str(each) for each in points["point"]])
    base = base_setting(table, str(points["setting"].iloc[0]), model)
    words = [*_words(base), f"zip={{{','.join(_lists(points))}}}"]
    return f"python sweep.py -m {shlex.join(words)}"


def zip_of(points: pd.DataFrame) -> dict[str, list[int | float]]:
    """The axes of the points as lists of equal length by name, with whole numbers as int."""
    return {
        name: [
            int(value) if value == int(value) and name != "width" else float(value) for value in points[name]
        ]
        for name in (*AXES, "seed")
    }


def _again(study: Study, ids: list[str]) -> str:
    if not study.history:
        raise Refused(f"{study.path}/study.json records no command that planned its points.")
    last = study.history[-1]
    words = [
        word
        for word in shlex.split(last["command"])
        if word not in _FLAGS and word.partition("=")[0] not in _OF_ONE_LINE
    ]
    listed = ",".join(f'"{each}"' for each in ids)
    line = shlex.join([*words, f"only=[{listed}]"])
    where = last.get("cwd", os.getcwd())
    return line if Path(where) == Path.cwd() else f"cd {shlex.quote(where)} && {line}"


def _words(base: Base) -> Iterator[str]:
    for default in base.defaults:
        if isinstance(default, Mapping):
            yield from (f"{group.removeprefix('override /')}={name}" for group, name in default.items())
        elif default != "_self_":
            yield f"study={default}"
    yield from _flat(base.values)


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}={_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_text, value))}]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _lists(points: pd.DataFrame) -> Iterator[str]:
    for name, values in zip_of(points).items():
        yield f"{name}:[{','.join(map(str, values))}]"
