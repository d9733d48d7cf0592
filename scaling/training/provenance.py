"""Where a result comes from: machine, versions and code. Recorded with every result, part of no id."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scaling.study.snapshot import code_digest

_PACKAGES = ("scaling-study", "torch", "torchvision", "timm", "numpy")


@cache
def provenance() -> dict[str, Any]:
    """Plain values for result.json; bit-identical repeats are promised where all but the host agree."""
    return {
        "host": platform.node(),
        "machine": platform.machine(),
        "processor": _processor(),
        "num_cores": os.cpu_count(),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
        "code": code_digest(),
        "git": ask_git("describe", "--always", "--abbrev=12", "--exclude=*", "--dirty=+"),  # + is changed
    }


@cache
def ask_git(*words: str) -> str | None:
    """What git says of this checkout; None outside git."""
    command = ["git", "-C", str(Path(__file__).parents[2]), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)
