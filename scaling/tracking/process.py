"""The mirror as its launcher holds it: a process that is told to finish, and whose failures stay its own."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from scaling.tracking.tracker import LOG, Tracker

logger = logging.getLogger(__name__)

CODE_DIR = Path(__file__).resolve().parents[2]


class MirrorProcess:
    """A running mirror. It logs to `tracker.log` in the study directory, and ends when its launcher does."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def finish(self, timeout_s: float) -> bool:
        """Say that all points have ended, and wait. False if runs are missing: the next start writes them."""
        self._close_stdin()
        try:
            return self._process.wait(timeout_s) == 0
        except subprocess.TimeoutExpired:
            logger.warning("W&B runs are missing after %g s; the next start writes them.", timeout_s)
            self.kill()
            return False

    def kill(self) -> None:
        """End the mirror now, whatever is left."""
        self._close_stdin()
        self._process.kill()
        self._process.wait()

    def _close_stdin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()


def start(study_dir: Path, tracker: Tracker, *, listed: Path | None = None) -> MirrorProcess | None:
    """Start a mirror of all points, or of those whose ids come to stand in a file and that this job has.

    None where the tracker is `none` or it cannot start.
    """
    if tracker.mode == "none":
        return None
    options = ["--mode", tracker.mode, "--project", tracker.project, "--until-pid", str(os.getpid())]
    if tracker.entity is not None:
        options += ["--entity", tracker.entity]
    if listed is not None:
        options += ["--listed", str(listed.resolve())]
    command = [sys.executable, "-m", "scaling.tracking.mirror", str(study_dir.resolve()), *options]
    try:
        return MirrorProcess(_spawn(command, study_dir / LOG))
    except OSError as error:
        logger.warning("No W&B runs are written, because the mirror could not be started: %s", error)
        return None


def _spawn(command: list[str], log_path: Path) -> subprocess.Popen[bytes]:
    with open(log_path, "ab") as log:
        return subprocess.Popen(
            command,
            cwd=CODE_DIR,
            stdin=subprocess.PIPE,  # closing it, by will or by death, says that all points have ended
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the launcher
        )
