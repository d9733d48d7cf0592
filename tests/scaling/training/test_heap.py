"""The heap: what is freed is kept for the next step, and handed back when asked."""

from __future__ import annotations

import platform
import resource

import pytest
import torch

from scaling.training import heap

NUMBERS = 2**24
"""Of a tensor so large that it would be a mapping of its own."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc is left alone")
def test_freed_memory_is_kept_until_it_is_handed_back() -> None:
    heap.keep()
    for _ in range(8):  # older glibc needs some tries to find a place that it can use again
        torch.ones(NUMBERS)
    kept = _pages_of_a_tensor()
    heap.hand_back()
    assert kept < 100
    assert _pages_of_a_tensor() > 100


def _pages_of_a_tensor() -> int:
    """Pages that the system hands out while a tensor is filled; huge ones hold 512 times as much."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(NUMBERS)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
