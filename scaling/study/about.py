"""study.json: the task of a study, and every command line that planned or launched it."""

from __future__ import annotations

import getpass
import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scaling.errors import Refused
from scaling.study.checkout import installed_version
from scaling.study.files import LOCK, Corrupt, locked, read_json, write_json, write_json_once, writing_below
from scaling.study.replayed import check_origin
from scaling.study.strict import strict

SCHEMA = 1
"""Version of the file formats in a study directory. Older versions are read; newer ones are refused."""


@dataclass(frozen=True)
class Task:
    """What all points of a study have in common: results of different tasks cannot be compared."""

    data: str
    metric: str = "top1"


class About:
    """Access to study.json of the study at `path`; nothing is cached in memory."""

    def __init__(self, path: Path) -> None:
        self._study = path
        self._file = path / "study.json"

    def make(self, task: Task) -> None:
        """Create study.json unless it exists. Raises Refused if the existing one has another task."""
        about = {"schema": SCHEMA, "name": self._study.name, "task": asdict(task), "history": []}
        write_json_once(self._file, about)
        theirs = self.task
        if theirs != task:
            raise Refused(
                f"The study {self._study} belongs to another task ({theirs.data}, {theirs.metric}), not "
                f"({task.data}, {task.metric}): give this one a study.name of its own."
            )

    def read(self) -> dict[str, Any]:
        """The whole content. Raises Refused if study.json is missing, damaged, or of a newer version."""
        try:
            about = read_json(self._file)
        except Corrupt as error:
            raise Refused(f"{error}: restore it, or move the directory away and start again.") from error
        if about is None:
            raise Refused(f"{self._study} is not a study: there is no study.json in it.")
        if not isinstance(about.get("schema"), int) or not isinstance(about.get("task"), dict):
            raise Refused(f"{self._file} has no schema and task: restore it, or move the directory away.")
        if about["schema"] > SCHEMA:
            raise Refused(
                f"{self._study} was written by a newer version (schema {about['schema']}, this one reads up "
                f"to {SCHEMA}): update scaling-study."
            )
        if not _is_history(about.get("history", [])):
            raise Refused(
                f"{self._file} has a history that is not a list of lines: restore it, or remove that."
            )
        return about

    @property
    def task(self) -> Task:
        return strict(Task, self.read()["task"], "task")

    @property
    def history(self) -> list[dict[str, Any]]:
        """One entry per command line that planned or launched the study, oldest first; see `remember`."""
        return list(self.read().get("history", []))

    def remember(
        self, command: str, num_points: int, snapshot: str | None, replayed: str | None = None
    ) -> None:
        """Append an entry to the history. `snapshot` is the hash of the launched code, or None for a plan.

        For a launch, raises Refused as `check_origin` does if `replayed` does not match earlier launches.
        """
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "command": command,
            "cwd": os.getcwd(),
            "num_points": num_points,
            "host": platform.node(),
            "user": _user(),
            "snapshot": snapshot,
            "scaling-study": installed_version(),
            "python": platform.python_version(),
        }
        if replayed is not None:
            entry["replayed"] = replayed
        with writing_below(self._study), locked(self._study / LOCK):
            about = self.read()
            if snapshot is not None:
                check_origin(self._study, about.get("history", []), replayed)
            about.setdefault("history", []).append(entry)
            write_json(self._file, about)


def _is_history(lines: Any) -> bool:
    """Whether the history has the structure that its readers need."""
    return isinstance(lines, list) and all(
        isinstance(line, dict) and isinstance(line.get("command"), str) for line in lines
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container, the user may have no name
        return str(os.getuid())
