"""The mirror as its launcher sees it: a process that is told to finish, and whose failures stay its own."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from scaling.study.files import write_json
from scaling.tracking.tracker import LOG, REMEMBERED, Tracker

logger = logging.getLogger(__name__)

CODE_DIR = Path(__file__).resolve().parents[2]

WITHIN_S = {"online": 5.0, "offline": 30.0}
"""Time that a mirror has after the last point to write its last runs: longer for a disk than for a server."""

PATIENCE = 0.5
"""Share of that time in which the server may answer; the rest is for writing the remaining runs offline."""

GO_OFFLINE = signal.SIGUSR1  # SIGUSR2 is Slurm's, for all processes of a job


class MirrorProcess:
    """A running mirror. It logs to `tracker.log` in the study directory and ends with its launcher."""

    def __init__(self, command: Sequence[str], log: Path, *, is_online: bool) -> None:
        self._command = command
        self._is_online = is_online
        self._log = log
        self._process = _spawn(command, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def finish(self, timeout_s: float) -> bool:
        """Report that all points have ended, and wait; False if runs are missing or were written offline."""
        deadline = time.monotonic() + timeout_s
        self._close_stdin()
        is_late = self._is_online and not self._ends_within(PATIENCE * timeout_s)
        if is_late:
            self._process.send_signal(GO_OFFLINE)
        if self._ends_within(deadline - time.monotonic()) and self._process.returncode < 0:
            self._process = _spawn([*self._command, *["--fall-back"] * is_late], self._log)  # it was killed
            self._close_stdin()
        if self._ends_within(deadline - time.monotonic()):
            return self._process.returncode == 0
        self.kill()
        return False

    def kill(self) -> None:
        """Kill the mirror and W&B's helper at once."""
        self._close_stdin()
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def _ends_within(self, timeout_s: float) -> bool:
        try:
            self._process.wait(max(0.0, timeout_s))
        except subprocess.TimeoutExpired:
            return False
        return True

    def _close_stdin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()


def start(study_dir: Path, tracker: Tracker, *, listed: Path | None = None) -> MirrorProcess | None:
    """Start a mirror of all points, or of this job's points among the ids that the file `listed` receives.

    Returns None if the tracker is `none` or the mirror cannot start.
    """
    if tracker.mode == "none":
        return None
    try:
        write_json(study_dir / REMEMBERED, {"project": tracker.project, "entity": tracker.entity})
        command = command_of(study_dir, tracker, listed=listed)
        return MirrorProcess(command, study_dir / LOG, is_online=tracker.mode == "online")
    except OSError as error:
        logger.warning("No W&B runs are written, because the mirror could not be started: %s", error)
        return None


def command_of(study_dir: Path, tracker: Tracker, *, listed: Path | None = None) -> list[str]:
    """The command line of a mirror for this process."""
    options = ["--mode", tracker.mode, "--project", tracker.project, "--until-pid", str(os.getpid())]
    if tracker.entity is not None:
        options += ["--entity", tracker.entity]
    if tracker.system_metrics:
        options += ["--system-metrics"]
    if listed is not None:
        options += ["--listed", str(listed.resolve())]
    return [sys.executable, "-m", "scaling.tracking", str(study_dir.resolve()), *options]


def _spawn(command: Sequence[str], log_path: Path) -> subprocess.Popen[bytes]:
    with open(log_path, "ab") as log:
        return subprocess.Popen(
            command,
            cwd=CODE_DIR,
            stdin=subprocess.PIPE,  # closing it, on purpose or by dying, says that all points have ended
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C goes to the launcher alone
        )
