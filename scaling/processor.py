"""The processor of this machine, as Linux tells of it."""

from __future__ import annotations

import platform
import re
from functools import cache
from pathlib import Path

_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""Instructions of x86, the last one of ARM."""


@cache
def told(file: Path = Path("/proc/cpuinfo")) -> str:
    """All that the system says; nothing on others than Linux."""
    try:
        return file.read_text()
    except OSError:
        return ""


def name() -> str | None:
    """The model's, such as `AMD EPYC 7763 64-Core Processor`; None where nothing tells."""
    found = re.search(r"^model name\s*:\s*(.+?)\s*$", told(), re.MULTILINE)
    return found[1] if found else platform.processor() or None


def generation() -> str:
    """Such as `family 25 model 17`, which virtual machines leave out of the name; empty if nothing tells."""
    numbers = re.findall(r"^(cpu family|model)\s*:\s*(\d+)\s*$", told(), re.MULTILINE)[:2]
    return " ".join(f"{kind.split()[-1]} {value}" for kind, value in numbers)


def lacks_bf16() -> bool:
    """Whether it has no products in bfloat16, which are then emulated; False where nothing tells."""
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", told(), re.MULTILINE)
    return found is not None and not _BF16 & set(found[1].split())
