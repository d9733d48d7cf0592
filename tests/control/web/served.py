"""A served study: `python -m control watch STUDY --web`, as a person starts it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.launchers.conftest import ROOT


@contextmanager
def served(study: Path, options: str = "--port 0 --every 0.5") -> Iterator[str]:
    """The address that the command prints; at the end it gets a Ctrl-C."""
    line = [sys.executable, "-m", "control", "watch", str(study), "--web", *options.split()]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    with process:
        try:
            said = process.stdout.readline()
            assert said.startswith("http://"), said + process.stdout.read()
            yield said.split()[0]
        finally:
            process.send_signal(signal.SIGINT)
