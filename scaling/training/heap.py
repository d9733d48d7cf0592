"""The heap: memory freed by a step is kept for the next one, which needs as much, and returned later.

By default glibc returns it to the system, which zeroes it again, page by page, in each step: 5 to 15 % of the
time of a step on a CPU with tensors above some 100 kB. Other C libraries are left alone.
"""

from __future__ import annotations

import ctypes
import resource
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of mallopt(3)."""
_ALWAYS_IN_HEAP, _MOST_IN_HEAP = 2**30, 2**25
"""Bytes above which an allocation is mapped on its own; older versions of glibc accept at most the second."""


def keep() -> None:
    """Keep freed memory from now on, unless the address space of the process is limited: it might run out."""
    libc = _glibc()
    if libc is not None and resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        _ = libc.mallopt(_MMAP_THRESHOLD, _ALWAYS_IN_HEAP) or libc.mallopt(_MMAP_THRESHOLD, _MOST_IN_HEAP)


def hand_back() -> None:
    """Return free memory to the system now."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL("libc.so.6")
        _ = libc.mallopt, libc.malloc_trim
    except (OSError, AttributeError):
        return None
    return libc
