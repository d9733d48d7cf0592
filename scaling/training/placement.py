"""A placement: the device that trains a point, and the processes that share the work."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scaling.training.device import use_device
from scaling.training.processes import ALONE, Processes
from scaling.training.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a point is trained; results do not depend on it, except by rounding."""

    device: torch.device
    processes: Processes = ALONE
    compiled: bool = False
    """Whether torch compiles the network, which takes a minute at the start."""


def place(runtime: Runtime, processes: Processes = ALONE) -> Placement:
    """Set up the device of `runtime` for one of the `processes`; Refused if it is absent."""
    device = use_device(runtime.device, num_threads=runtime.threads)
    return Placement(device=device, processes=processes, compiled=runtime.compile)
