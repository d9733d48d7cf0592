"""Memory that points need and that this machine has, and the rooms that workers share it in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import psutil

from launchers.cgroup import memory_groups, number_in
from scaling.data.held import on_gpu_gb, on_host_gb
from scaling.gpus import free_memory_gb
from scaling.study.memory import MALLOC_FACTOR
from scaling.study.point import Point
from scaling.training.room import Room
from scaling.training.runtime import Runtime

PROCESS_GB = 0.75
"""Resident memory of a process that has imported torch 2.14 and trained a tiny network, on Linux."""

CUDA_PROCESS_GB = 0.6
"""GPU memory of a process besides its tensors: the CUDA context and the workspaces of libraries."""

_LIMITS = (  # files with the limit and the usage, and the part of the usage that the kernel can reclaim
    ("memory.max", "memory.current", "inactive_file "),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
)


def planned_gb(runtime: Runtime, point: Point) -> float:
    """Memory of a point in 1e9 bytes: of the process on a CPU, of the tensors alone on a GPU.

    It is that of a training step and of the images that are held on the device (`held.py`).
    """
    tensors = point.cost.memory_gb
    if runtime.device == "cpu":
        return PROCESS_GB + MALLOC_FACTOR * tensors + on_host_gb(point)
    return tensors + (on_gpu_gb(point) if runtime.device == "cuda" else 0)


def rooms_for(
    memory_gb: Mapping[str, float], gpus: Collection[int], *, folder: Path
) -> dict[int | None, Room | None]:
    """The rooms shared by the workers on each of `gpus`, with their ledgers in `folder`.

    `memory_gb` is the planned memory of each point, by id. A room is None if its free memory is unknown.
    Without GPUs, the only room is that of the CPU, by the key None.
    """
    if not gpus:
        return {None: Room(ledger=folder / "room.json", size_gb=free_gb(), needs_gb=memory_gb)}
    free, needs = free_memory_gb(), {each: CUDA_PROCESS_GB + gb for each, gb in memory_gb.items()}
    return {
        gpu: Room(ledger=folder / f"room-gpu{gpu}.json", size_gb=free[gpu], needs_gb=needs)
        if gpu in free
        else None
        for gpu in gpus
    }


def free_gb() -> float:
    """Memory that this process and its children can still use, in 1e9 bytes, within the limits of cgroups."""
    return min([psutil.virtual_memory().available, *_left_in_groups()]) / 1e9


def _left_in_groups() -> list[int]:
    """Bytes left below the limit of each control group that has one."""
    left = []
    for group in memory_groups():
        for limit, use, droppable in _LIMITS:
            most, used = number_in(group / limit), number_in(group / use)
            if most is not None and used is not None:
                left.append(most - used + (number_in(group / "memory.stat", droppable) or 0))
    return left
