"""Backends: which library sums the tensors of several processes on each kind of device, and a check that each
process has a GPU."""

from __future__ import annotations

from typing import Any

import torch

from scaling.errors import Refused

BACKENDS = {"cpu": "cpu:gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""Backends by the device that the processes compute on; what they agree on is always exchanged on the CPU."""


def group_options(device: torch.device) -> dict[str, Any]:
    """Arguments of `init_process_group` for processes that compute on such devices.

    Given the GPU, NCCL connects at once. If it connected at the first sum, the processes that reach it would
    wait there for one that has failed before, and GPUs might have no memory left.
    """
    is_gpu = device.type == "cuda"
    return {"backend": BACKENDS[device.type], "device_id": device if is_gpu else None}


def check_gpus(store: Any, rank: int, size: int, device: torch.device) -> None:
    """Refuse, in all processes, unless each has its own GPU; NCCL's own message is long or never comes.

    Raises RuntimeError if another process does not report its GPU.
    """
    if device.type != "cuda":
        return
    has_none = device.index is None
    store.set(f"gpu/{rank}", "" if has_none else str(torch.cuda.get_device_properties(device).uuid))
    found = {store.get(f"gpu/{each}") for each in range(size)} - {b""}
    if len(found) < size:
        raise Refused(
            f"{size} processes that train a point together need a GPU each, but have {len(found)}: "
            "start as many as there are GPUs."
        )
