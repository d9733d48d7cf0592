"""The device a point trains on: found by name, set up, and asked for its peak memory."""

from __future__ import annotations

import re
from pathlib import Path

import torch

from scaling.errors import Refused


def use_device(name: str, *, num_threads: int) -> torch.device:
    """The device `cpu` or `cuda`, set up; Refused if unknown or absent.

    The CPU works with `num_threads`, and CUDA only with kernels that give one result for one input.
    """
    if name not in ("cpu", "cuda"):
        raise Refused(f"device={name} is unknown: use cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise Refused("device=cuda is not available: torch finds no CUDA GPU here, use cpu.")
    torch.set_num_threads(num_threads)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return torch.device(name)


def use_gpu(local_rank: int) -> None:
    """Make this process's GPU the one of its number on the machine, where it sees several."""
    if torch.cuda.device_count() > 1:
        torch.cuda.set_device(local_rank)


def synchronize(device: torch.device) -> None:
    """Wait for the work that was handed to `device`; a CPU has none left."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def reset_peak_memory(device: torch.device) -> None:
    """Start a new measurement of the peak."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    try:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the peak resident set size
    except OSError:
        return


def peak_memory_bytes(device: torch.device) -> int | None:
    """Most memory in use since the reset: tensors on CUDA, the resident set of the process on a CPU.

    None where the system does not tell. Where it cannot reset, the peak is that of the whole process.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return _status_bytes("VmHWM")


def memory_in_use_bytes(device: torch.device) -> int | None:
    """Memory in use now, of the same kind as the peak; None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return _status_bytes("VmRSS")


def _status_bytes(field: str) -> int | None:
    """A size that Linux tells of this process."""
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
