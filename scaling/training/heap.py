"""The heap: memory that a step frees is kept for the next one, which needs as much, and handed back later.

glibc would give it to the system, which fills it with zeros again, page by page, in each step: 5 to 15 % of
the time of a step on a CPU whose tensors are larger than some 100 kB. Other C libraries are left alone.
"""

from __future__ import annotations

import ctypes
import resource
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""mallopt(3)"""
_ALWAYS_IN_HEAP, _MOST_IN_HEAP = 2**30, 2**25
"""Bytes from which an allocation is a mapping of its own; older glibc takes no more than the second."""


def keep() -> None:
    """Keep what is freed, from here on, but not in a process that may map so much only: it would lack it."""
    libc = _glibc()
    if libc is not None and resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        _ = libc.mallopt(_MMAP_THRESHOLD, _ALWAYS_IN_HEAP) or libc.mallopt(_MMAP_THRESHOLD, _MOST_IN_HEAP)


def hand_back() -> None:
    """Give what is free to the system now."""
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
