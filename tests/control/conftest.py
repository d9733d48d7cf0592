"""Studies to watch: real sweeps of tiny points, and a terminal to watch them on."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fcntl import ioctl
from pathlib import Path

import pytest

from control.__main__ import main
from scaling.study.about import Task
from scaling.study.files import write_json
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from tests.launchers.conftest import ROOT
from tests.launchers.conftest import start_sweep as start_sweep  # also a fixture here

FAST = "width=0.125 resolution=8 data.num_train=256 data.num_val=64 tracker=none"
"""Overrides that make a point train in a fraction of a second."""
SLOW = (
    "depth=8 width=0.25 resolution=14 epochs=1,2,20 device.checkpoint_every_s=0.3 data.num_train=640 "
    "data.num_val=64 tracker=none"
)
"""Three points, one of which takes some seconds."""

_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command on a pseudo-terminal."""

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
        """Wait until the words, without colours, appear after the first `since` characters, or fail."""
        deadline = time.monotonic() + timeout_s
        while words not in _CODE.sub("", self.output[since:]):
            if time.monotonic() > deadline:
                pytest.fail(f"{words!r} not within {timeout_s} s: {self.output[-3000:]!r}")
            self._read(0.2)

    def type(self, keys: str) -> int:
        """Type the keys; return the number of characters written before."""
        self._read(0)
        os.write(self._master, keys.encode())
        return len(self.output)

    def end(self, timeout_s: float = 60) -> int:
        """Wait for the end; return the exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.output[-3000:]
            self._read(0.2)
        self._read(0.2)
        return self.process.returncode

    @property
    def text(self) -> str:
        """Everything that was written, without colours and cursor movements."""
        return _CODE.sub("", self.output)

    @property
    def frames(self) -> list[str]:
        """The successive contents of the alternate screen, without colours."""
        full = self.output.partition("\x1b[?1049h")[2].partition("\x1b[?1049l")[0]
        frames = [_CODE.sub("", frame).replace("\r", "") for frame in full.split("\x1b[H")]
        return [frame for frame in frames if frame]

    @property
    def after(self) -> list[object]:
        """The current settings of the terminal."""
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


@dataclass(frozen=True)
class Said:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Said]:
    """Run `python -m control LINE` in this process, which is faster than a new one."""
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(line: str) -> Said:
        code = main(shlex.split(line))
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of ten points from a finished real sweep: eight completed, two diverged."""
    root = tmp_path_factory.mktemp("finished")
    blocks = "{recipe.learning_rate:[0.05,0.1],seed:[0,1]},{recipe.learning_rate:1e30,seed:0}"
    sweep = _start_sweep(f"depth=8,14 epochs=2 {FAST} hydra.launcher.slots=1 'blocks=[{blocks}]'", root)
    output, _ = sweep.communicate()
    assert sweep.returncode == 0, output
    return root / "mine"


@pytest.fixture
def many(tmp_path: Path, make_point: Callable[..., Point]) -> Study:
    """A study of 48 points, all pending."""
    study = Study.create(tmp_path / "many", Task("mnist5k"))
    axes = [(depth, width, seed) for depth in (8, 14) for width in (0.25, 0.5) for seed in range(12)]
    study.add([make_point(depth=depth, width=width, seed=seed) for depth, width, seed in axes])
    return study


@pytest.fixture
def two_sets(tmp_path: Path, make_point: Callable[..., Point]) -> Study:
    """A study of two networks on two sets of files of one name, as when a folder has changed."""
    study = Study.create(tmp_path / "two_sets", Task("mnist5k"))
    for letter, width, top1 in (("a", 0.25, 40), ("a", 0.5, 45), ("b", 0.25, 90), ("b", 0.5, 92)):
        one = make_point(width=width)
        point = replace(one, data=replace(one.data, side=None, fingerprint=letter * 64))
        study.add([point])
        study.note(point.id, State(status="completed", epoch=point.epochs))
        write_json(study.directory(point.id) / "result.json", {"metrics": {"top1": top1}, "measured": {}})
    return study


@dataclass(frozen=True, kw_only=True)
class Observed:
    """The sweep of SLOW from start to end, as seen by three commands that ran beside it."""

    path: Path
    screen: Terminal
    """`watch` on a terminal of 100 columns and 30 rows."""
    watch: subprocess.CompletedProcess[str]
    """`watch` without a terminal."""
    logs: subprocess.CompletedProcess[str]
    """`logs --follow` of the longest point."""


@pytest.fixture(scope="session")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Run the points undisturbed, also as a reference for other tests."""
    root = tmp_path_factory.mktemp("observed")
    path = root / "mine"
    sweep = _start_sweep(f"{SLOW} hydra.launcher.slots=2", root)  # short points end while the long one runs
    while len(list(path.glob("points/*/point.json"))) < 3:
        assert sweep.poll() is None, sweep.communicate()
        time.sleep(0.1)
    screen = Terminal(f"watch {path} --every 0.4")
    others = [_start(["-m", "control", *line]) for line in _lines(path)]
    code = screen.end()
    assert code == 0, screen.output[-3000:]
    watch, logs = (_ended(other) for other in others)
    assert _ended(sweep).returncode == 0
    yield Observed(path=path, screen=screen, watch=watch, logs=logs)
    screen.close()


def _lines(path: Path) -> list[list[str]]:
    return [["watch", str(path), "--every", "1"], ["logs", str(path), "epochs=20", "--follow"]]


def _start_sweep(overrides: str, root: Path) -> subprocess.Popen[str]:
    words = ["sweep.py", "-m", *shlex.split(overrides), f"study.root={root}", "study.name=mine"]
    return _start(words, stderr=subprocess.STDOUT)


def _start(words: list[str], stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start this Python in the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={**environment, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def _ended(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    output, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
