"""The heap: what is freed is kept for the next step, and handed back when asked."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

FRESH = """
import json, resource, sys, torch
from scaling.training import heap

def pages_of_a_tensor():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24)  # so large that it would be a mapping of its own
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

heap.keep()
for _ in range(8):  # older glibc needs some tries to find a place that it can use again
    torch.ones(2**24)
kept = pages_of_a_tensor()
heap.hand_back()
json.dump([kept, pages_of_a_tensor()], sys.stdout)
"""
"""Pages that the system hands out while a tensor is filled; huge ones hold 512 times as much."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc is left alone")
def test_freed_memory_is_kept_until_it_is_handed_back() -> None:
    done = subprocess.run([sys.executable, "-c", FRESH], check=True, capture_output=True, text=True)
    kept, handed_back = json.loads(done.stdout)
    assert kept < 100 < handed_back
