"""The processor of this machine, as Linux describes it."""

from __future__ import annotations

import platform
import re
from functools import cache
from pathlib import Path

_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""CPU flags for bfloat16 products: the first two of x86, the last of ARM."""


@cache
def told(file: Path = Path("/proc/cpuinfo")) -> str:
    """Content of /proc/cpuinfo; empty on other systems than Linux."""
    try:
        return file.read_text()
    except OSError:
        return ""


def name() -> str | None:
    """Name of the processor, such as `AMD EPYC 7763 64-Core Processor`; None if unknown."""
    found = re.search(r"^model name\s*:\s*(.+?)\s*$", told(), re.MULTILINE)
    return found[1] if found else platform.processor() or None


def generation() -> str:
    """Generation, such as `family 25 model 17`, which names in virtual machines omit; empty if unknown."""
    numbers = re.findall(r"^(cpu family|model)\s*:\s*(\d+)\s*$", told(), re.MULTILINE)[:2]
    return " ".join(f"{kind.split()[-1]} {value}" for kind, value in numbers)


def lacks_bf16() -> bool:
    """Whether the processor has no bfloat16 products, so that they are emulated; False if unknown."""
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", told(), re.MULTILINE)
    return found is not None and not _BF16 & set(found[1].split())
