"""Peak memory: the most that a network takes, beyond what was in use before it was built."""

from __future__ import annotations

import gc

import torch

from scaling.training import heap
from scaling.training.device import memory_in_use_bytes, peak_memory_bytes, reset_peak_memory

_SLACK = 2**25
"""Bytes by which the peak may exceed the memory in use right after a successful reset."""


class Peak:
    """Create it before the network, `restart` it after the warm-up, and read `gigabytes` after the passes."""

    def __init__(self, device: torch.device) -> None:
        """Free the memory of earlier networks, and note what remains in use."""
        self._device = device
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
        elif device.type == "cpu":
            heap.hand_back()
        self._before = memory_in_use_bytes(device)
        self._peak_before = peak_memory_bytes(device)
        self._told = self._before is not None

    def restart(self) -> None:
        """Reset the peak after the warm-up, if the system supports it."""
        if self._device.type == "xla":
            return
        reset_peak_memory(self._device)
        peak, now = peak_memory_bytes(self._device), memory_in_use_bytes(self._device)
        self._told = peak is not None and now is not None and peak <= now + _SLACK

    def gigabytes(self) -> float | None:
        """The peak since the restart in 1e9 bytes; None if the system cannot report or could not reset it."""
        peak = peak_memory_bytes(self._device)
        if peak is None or self._before is None or not self._told:
            return None
        if self._device.type == "xla" and peak == self._peak_before:
            return None  # XLA cannot reset its peak, and that of an earlier network was higher
        return max(0, peak - self._before) / 1e9
