"""Out-of-memory kills, read from the kernel's counters."""

from __future__ import annotations

from pathlib import Path

from launchers.cgroup import memory_groups, number_in

VMSTAT = Path("/proc/vmstat")
"""Counter for the whole machine, used if no control group has one."""


class OomKills:
    """Watches the kernel's count of out-of-memory kills."""

    def __init__(self) -> None:
        counters = [
            group / name for group in memory_groups() for name in ("memory.events", "memory.oom_control")
        ]
        self._file = next((file for file in counters if number_in(file, "oom_kill ") is not None), VMSTAT)
        self._count = self._now()

    def rose(self) -> bool:
        """Whether there was an out-of-memory kill since the last call; False if there is no counter."""
        before, self._count = self._count, self._now()
        return self._count > before

    def _now(self) -> int:
        return number_in(self._file, "oom_kill ") or 0
