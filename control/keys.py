"""Keys: single key presses, read without echo and without waiting for Enter."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Any

_NAMES = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[5~": "page up", "\x1b[6~": "page down"}
_KEY = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|.", re.DOTALL)


class Keys:
    """A context manager that restores the terminal at its end; without a terminal it reads no keys."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def wait(self, seconds: float) -> list[str]:
        """Keys pressed, as soon as there are any; an empty list after `seconds` without one."""
        if self._before is None:
            time.sleep(seconds)
            return []
        if not select.select([sys.stdin], [], [], seconds)[0]:
            return []
        typed = os.read(sys.stdin.fileno(), 1024).decode(errors="replace")
        return [_NAMES.get(key, key) for key in _KEY.findall(typed)] or ["q"]  # the terminal is gone

    def __enter__(self) -> Keys:
        if sys.stdin.isatty():
            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
