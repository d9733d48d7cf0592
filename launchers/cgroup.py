"""The control group that the kernel counts this process's memory in, version 1 or 2, and those above it."""

from __future__ import annotations

from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def memory_groups() -> list[Path]:
    """Folders of this process's memory control groups, its own first, if any: see cgroups(7).

    A container may show its own group at the root while its path is told as the host sees it.
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
    """What stands after `name` on a line of a group's file; None where it is not there, or no number."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    values = [line.removeprefix(name).strip() for line in lines if line.startswith(name)]
    return int(values[0]) if values and values[0].isdigit() else None
