"""An attempt to measure a workload, which may run out of memory."""

from __future__ import annotations

import psutil
import torch

from scaling.profile.measure import measure
from scaling.profile.profiles import Profile
from scaling.profile.workload import Workload
from scaling.study.memory import MALLOC_FACTOR, memory_of
from scaling.training.failure import classify


def attempt(
    workload: Workload,
    device: torch.device,
    profile: Profile,
    *,
    at_least_s: float = 1.0,
    num_repeats: int = 11,
) -> str | None:
    """Measure the workload and store the result in the profile; if memory is too small, return the reason."""
    reason = _too_large(workload) if device.type == "cpu" else None
    if reason is not None:
        return reason
    try:
        profile.put(workload, measure(workload, device, at_least_s=at_least_s, num_repeats=num_repeats))
    except (RuntimeError, MemoryError) as error:
        if classify(error) != "out_of_memory" and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        return "out of memory"
    return None


def _too_large(workload: Workload) -> str | None:
    """Why a training step should not be tried: the system kills a process that takes too much memory."""
    if workload.work != "training":
        return None
    needed, free = MALLOC_FACTOR * memory_of(workload.step).total, psutil.virtual_memory().available
    return None if needed < free else f"needs about {needed / 1e9:.3g} GB, {free / 1e9:.3g} GB are free"
