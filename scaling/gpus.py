"""The NVIDIA GPUs of this machine, as nvidia-smi reports them. No torch import."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache

_FIXED = ("index", "uuid", "memory.total")
"""Properties that every driver reports, other than the name."""


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One GPU; a part of a GPU (MIG) is not listed on its own."""

    index: int
    """Its number for nvidia-smi, and for CUDA if CUDA_DEVICE_ORDER is PCI_BUS_ID."""
    uuid: str
    name: str
    memory_gb: float | None
    """Total memory in 1e9 bytes, which differs between cards of one name; None if it shares the host's."""
    capability: float | None
    """Compute capability, such as 8.0; None if the driver is too old to report it."""


def installed() -> list[Gpu]:
    """All GPUs, in the order of their numbers; empty without an NVIDIA driver. The driver is asked once."""
    command = shutil.which("nvidia-smi")
    return [] if command is None else list(_installed(command))


def visible() -> list[Gpu]:
    """The GPUs that this process and its children may use, in the order of their numbers.

    CUDA_VISIBLE_DEVICES may list indices, UUIDs or prefixes of UUIDs; entries after an invalid one do not
    count.
    """
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is None:
        return installed()
    gpus: dict[int, Gpu] = {}
    for name in allowed.split(","):
        gpu = named(name.strip())
        if gpu is None:
            break
        gpus[gpu.index] = gpu
    return [gpus[index] for index in sorted(gpus)]


def names() -> list[str]:
    """The GPUs, or parts of GPUs (MIG), that this process may use, each as CUDA_VISIBLE_DEVICES names it."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is None:
        return [str(gpu.index) for gpu in installed()]
    return [name for each in allowed.split(",") if (name := each.strip())]


def named(name: str) -> Gpu | None:
    """The GPU with this index, UUID or prefix of a UUID; None if there is none, as for a part of a GPU."""
    is_uuid = name.startswith("GPU-")
    found = (gpu for gpu in installed() if name == str(gpu.index) or (is_uuid and gpu.uuid.startswith(name)))
    return next(found, None)


def free_memory_gb() -> dict[int, float]:
    """Memory in 1e9 bytes that is free now on each GPU, by its index; without those that do not report it."""
    rows = _asked("nvidia-smi", "index", "memory.free")
    return {int(index): free for index, told in rows if (free := _gigabytes(told)) is not None}


@cache
def _installed(command: str) -> tuple[Gpu, ...]:
    rows = _asked(command, *_FIXED, "compute_cap", "name")
    if not rows:  # an old driver rejects compute_cap
        rows = [[*row[:-1], "unknown", row[-1]] for row in _asked(command, *_FIXED, "name")]
    return tuple(
        Gpu(
            index=int(index),
            uuid=uuid,
            name=name,
            memory_gb=_gigabytes(memory),
            capability=_number(capability),
        )
        for index, uuid, memory, capability, name in rows
    )


def _asked(command: str, *properties: str) -> list[list[str]]:
    """The properties of each GPU, the first of which is its index; empty if the driver does not answer."""
    query = [command, f"--query-gpu={','.join(properties)}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    rows = [line.split(", ", len(properties) - 1) for line in told.splitlines()]
    return [row for row in rows if len(row) == len(properties) and row[0].isdigit()]


def _gigabytes(mebibytes: str) -> float | None:
    number = _number(mebibytes)
    return None if number is None else number * 2**20 / 1e9


def _number(told: str) -> float | None:
    """The number in an answer, which may also be `[N/A]`."""
    try:
        return float(told)
    except ValueError:
        return None
