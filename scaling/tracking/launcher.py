"""The launcher as its mirror sees it: a process that reports that all points have ended, or is just gone."""

from __future__ import annotations

import select
import sys

import psutil

from scaling.study.lease import Process


class Launcher:
    """The process that a mirror serves; without a pid, or with an unknown one, it counts as ended."""

    def __init__(self, pid: int | None) -> None:
        try:
            self._process = None if pid is None else Process.of(pid)
        except psutil.NoSuchProcess:
            self._process = None

    def has_ended(self, wait_s: float) -> bool:
        """Whether the launcher is gone, or reports within `wait_s` seconds that all points have ended."""
        if self._process is None:
            return True
        told, _, _ = select.select([sys.stdin], [], [], wait_s)
        return bool(told) or self._process.is_gone()
