"""Kills by the kernel for want of memory, as its counters tell them."""

from __future__ import annotations

from pathlib import Path

from launchers.cgroup import memory_groups, number_in

VMSTAT = Path("/proc/vmstat")
"""Counts for the whole machine, where no control group does."""


class OomKills:
    """Remembers the count from one look to the next."""

    def __init__(self) -> None:
        counters = [
            group / name for group in memory_groups() for name in ("memory.events", "memory.oom_control")
        ]
        self._file = next((file for file in counters if number_in(file, "oom_kill ") is not None), VMSTAT)
        self._count = self._now()

    def rose(self) -> bool:
        """Whether the kernel has killed for memory since the last call; False where nothing tells."""
        before, self._count = self._count, self._now()
        return self._count > before

    def _now(self) -> int:
        return number_in(self._file, "oom_kill ") or 0
