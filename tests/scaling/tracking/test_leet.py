"""W&B's own view of one point in a terminal, `wandb leet`, of a run that was written offline."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from typing import Any

ANSWERS = {b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\", b"\x1b[6n": b"\x1b[1;1R"}
"""What a terminal says of its background and cursor when it is asked."""


def test_leet_shows_the_point(study: Any) -> None:
    point = study.add(epochs=4)
    point.complete(num_epochs=4)
    study.mirror()
    (run_dir,) = point.path.glob("wandb/offline-run-*")
    assert_drawn(str(run_dir), "d14 w0.5 r28 e4 s0", "Finished", "depth", "best/top1", "by_train_flops/loss")


def assert_drawn(path: str, *words: str, timeout_s: float = 60) -> None:
    """`wandb leet run PATH`, on a terminal, comes to draw all the words."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 140, 0, 0))
    command = [sys.executable, "-m", "wandb", "leet", "run", path]
    environment = os.environ | {"TERM": "xterm-256color"}
    drawn, deadline = b"", time.monotonic() + timeout_s
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
    ) as process:
        while not all(word in plain(drawn) for word in words):
            assert time.monotonic() < deadline, plain(drawn)
            if select.select([master], [], [], 0.2)[0]:
                drawn += (new := os.read(master, 65536))
                for question, answer in ANSWERS.items():
                    if question in new:
                        os.write(master, answer)
        os.killpg(process.pid, signal.SIGKILL)  # it has a helper
    os.close(master)
    os.close(slave)


def plain(drawn: bytes) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode(errors="replace"))
