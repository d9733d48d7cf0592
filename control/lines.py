"""Lines: the command lines that launched a study, to be run again."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from scaling.errors import Refused
from scaling.study.store import Study
from scaling.training.stop import handled

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Line:
    """A command line and the directory in which it was typed."""

    command: str
    cwd: Path

    def __str__(self) -> str:
        return (
            self.command if self.cwd == Path.cwd() else f"cd {shlex.quote(str(self.cwd))} && {self.command}"
        )

    def type_again(self) -> int:
        """Run the line with this Python and return its exit code; Ctrl-C is left to the line.

        Refused where its directory no longer exists.
        """
        if not self.cwd.is_dir():
            raise Refused(f"{self.cwd}, where this line was typed, no longer exists: {self.command}")
        with _interrupts_left_to_others():
            return subprocess.run([sys.executable, *shlex.split(self.command)[1:]], cwd=self.cwd).returncode


def lines_of(study: Study) -> list[Line]:
    """The distinct lines that launched points of the study, newest first."""
    launched = [entry for entry in reversed(study.history) if entry.get("snapshot") is not None]
    return list(dict.fromkeys(Line(entry["command"], Path(entry.get("cwd", ROOT))) for entry in launched))


@contextmanager
def _interrupts_left_to_others() -> Iterator[None]:
    """Ignore Ctrl-C here: the child gets it too, and must not be killed before it has saved."""

    def ignore(number: int, frame: FrameType | None) -> None:
        del number, frame

    with handled(ignore, signal.SIGINT):  # a child inherits SIG_IGN, but not this
        yield
