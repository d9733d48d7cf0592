"""Free memory of this machine and its GPUs, and the rooms that workers share it in."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from launchers.cgroup import memory_groups, number_in
from scaling.training.room import Room

CUDA_PROCESS_GB = 0.6
"""GPU memory of a process besides its tensors: the CUDA context and the workspaces of libraries."""

_LIMITS = (  # files with the limit and the usage, and the part of the usage that the kernel can reclaim
    ("memory.max", "memory.current", "inactive_file "),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
)


def room_for(memory_gb: Mapping[str, float], *, gpu: int | None, folder: Path) -> Room | None:
    """The room shared by the workers on one GPU, or by all workers on the CPU, with its ledger in `folder`.

    `memory_gb` is the planned memory of each point, by id. Returns None if the free memory is unknown.
    """
    if gpu is None:
        return Room(ledger=folder / "room.json", size_gb=free_gb(), needs_gb=memory_gb)
    free = free_gpu_gb(gpu)
    if free is None:
        return None
    needs = {point_id: CUDA_PROCESS_GB + gb for point_id, gb in memory_gb.items()}
    return Room(ledger=folder / f"room-gpu{gpu}.json", size_gb=free, needs_gb=needs)


def free_gb() -> float:
    """Memory that this process and its children can still use, in 1e9 bytes, within the limits of cgroups."""
    return min([psutil.virtual_memory().available, *_left_in_groups()]) / 1e9


def free_gpu_gb(gpu: int) -> float | None:
    """Free memory of a GPU, in 1e9 bytes; None if the driver does not report it."""
    return _gpu_gb(gpu, "memory.free")


def whole_gpu_gb(gpu: int) -> float | None:
    """Total memory of a GPU, in 1e9 bytes, which differs between cards of one name; None if unknown."""
    return _gpu_gb(gpu, "memory.total")


def _gpu_gb(gpu: int, which: str) -> float | None:
    command = ["nvidia-smi", f"--query-gpu={which}", "--format=csv,noheader,nounits", "-i", str(gpu)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return int(done.stdout) * 2**20 / 1e9
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None


def _left_in_groups() -> list[int]:
    """Bytes left below the limit of each control group that has one."""
    left = []
    for group in memory_groups():
        for limit, use, droppable in _LIMITS:
            most, used = number_in(group / limit), number_in(group / use)
            if most is not None and used is not None:
                left.append(most - used + (number_in(group / "memory.stat", droppable) or 0))
    return left
