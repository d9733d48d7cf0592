"""The launcher as its mirror sees it: a process that may say that all points have ended, or just be gone."""

from __future__ import annotations

import select
import sys

import psutil

from scaling.study.lease import Process


class Launcher:
    """The process that a mirror serves; None has ended before it began."""

    def __init__(self, pid: int | None) -> None:
        try:
            self._process = None if pid is None else Process.of(pid)
        except psutil.NoSuchProcess:
            self._process = None

    def has_ended(self, wait_s: float) -> bool:
        """Whether it is gone, or says within `wait_s` that all points have ended."""
        if self._process is None:
            return True
        told, _, _ = select.select([sys.stdin], [], [], wait_s)
        return bool(told) or self._process.is_gone()
