"""The provenance of a result: machine, versions and code. Recorded with every result, part of no id."""

from __future__ import annotations

import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from scaling import processor
from scaling.study.snapshot import code_digest, git_of
from scaling.training.device import hardware

_PACKAGES = ("scaling-study", "torch", "torchvision", "timm", "numpy", "pillow", "av")
"""The packages that a job computes with. Hydra, submitit and W&B do not affect a point's outcome."""


@cache
def provenance(study: Path, snapshot: str | None, device: torch.device) -> dict[str, Any]:
    """Plain values for result.json; repeats are bit-identical if all values except the host agree.

    `snapshot` is the hash of the code snapshot of the launch; None if none was taken.
    """
    return {
        "host": platform.node(),
        "machine": platform.machine(),
        "processor": processor.name(),
        "num_cores": os.cpu_count(),
        "device": str(device).replace("xla", "tpu"),
        "gpu": hardware(device),
        "python": platform.python_version(),
        **{package: version(package) for package in _packages(device)},
        "code": code_digest(),
        "snapshot": snapshot,
        "git": None if snapshot is None else git_of(study, snapshot),
    }


def _packages(device: torch.device) -> tuple[str, ...]:
    return (*_PACKAGES, "torch_xla") if device.type == "xla" else _PACKAGES
