"""Studies to watch: real sweeps of tiny points, and a terminal to watch them on."""

from __future__ import annotations

import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from fcntl import ioctl
from pathlib import Path

import pytest

from tests.launchers.conftest import ROOT
from tests.launchers.conftest import start_sweep as start_sweep  # a fixture of these tests too

FAST = "width=0.125 resolution=8 data.num_train=256 data.num_val=64 tracker=none"
"""Overrides that make a point train in a fraction of a second."""


class Terminal:
    """A command on a terminal of its own, such as a person sits at."""

    def __init__(self, line: str, *, columns: int = 100, rows: int = 30) -> None:
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "control", *line.split()],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        self._slave = slave
        self.output = ""

    def wait_for(self, words: str, timeout_s: float = 60, *, since: int = 0) -> None:
        """Until the words have been written after the first `since` characters; fails the test otherwise."""
        deadline = time.monotonic() + timeout_s
        while words not in self.output[since:]:
            if time.monotonic() > deadline:
                pytest.fail(f"{words!r} not within {timeout_s} s: {self.output[-3000:]!r}")
            self._read(0.2)

    def type(self, keys: str) -> int:
        """Type the keys; how much had been written before."""
        self._read(0)
        os.write(self._master, keys.encode())
        return len(self.output)

    def end(self, timeout_s: float = 60) -> int:
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.output[-3000:]
            self._read(0.2)
        self._read(0.2)
        return self.process.returncode

    @property
    def after(self) -> list[object]:
        """The settings of the terminal now."""
        return termios.tcgetattr(self._slave)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for handle in (self._master, self._slave):
            os.close(handle)

    def _read(self, timeout_s: float) -> None:
        while select.select([self._master], [], [], timeout_s)[0]:
            self.output += os.read(self._master, 65536).decode(errors="replace")
            timeout_s = 0


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Run `python -m control LINE` on a terminal."""
    opened: list[Terminal] = []

    def run(line: str, **size: int) -> Terminal:
        opened.append(Terminal(line, **size))
        return opened[-1]

    yield run
    for each in opened:
        each.close()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of ten points that a real sweep has ended: eight are completed, two have diverged."""
    root = tmp_path_factory.mktemp("finished")
    blocks = "{recipe.learning_rate:[0.05,0.1],seed:[0,1]},{recipe.learning_rate:1e30,seed:0}"
    line = f"depth=8,14 epochs=2 {FAST} 'blocks=[{blocks}]' study.root={root} study.name=mine"
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} sweep.py -m {line}"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "mine"
