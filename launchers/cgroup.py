"""The memory control groups of this process, version 1 or 2, from its own up to the root."""

from __future__ import annotations

from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def memory_groups() -> list[Path]:
    """Folders of this process's memory control groups, its own first; empty without any. See cgroups(7).

    A container may show its own group at the root although /proc gives the path as the host sees it.
    """
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    groups = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory"):
            root = CGROUPS / controllers
            own = root / path.lstrip("/")
            groups += [each for each in (own, *own.parents) if each.is_relative_to(root) and each.is_dir()]
    return groups


def number_in(file: Path, name: str = "") -> int | None:
    """The number after `name` on a line of a group's file; None if there is no such line or number."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    values = [line.removeprefix(name).strip() for line in lines if line.startswith(name)]
    return int(values[0]) if values and values[0].isdigit() else None
