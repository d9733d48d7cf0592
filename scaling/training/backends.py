"""Backends: what sums the tensors of several processes, on each kind of device, and that each has a GPU."""

from __future__ import annotations

from typing import Any

import torch

from scaling.errors import Refused

BACKENDS = {"cpu": "cpu:gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""By what they compute on; what they agree on is on the CPU anyway."""


def group_options(device: torch.device) -> dict[str, Any]:
    """What torch makes a group of, for processes that compute on such devices.

    NCCL connects when it is told the GPU. If it did at the first sum, those that have come so far would wait
    there for one that has failed before, and GPUs would be full by then.
    """
    is_gpu = device.type == "cuda"
    return {"backend": BACKENDS[device.type], "device_id": device if is_gpu else None}


def check_gpus(store: Any, rank: int, size: int, device: torch.device) -> None:
    """Refused, in all of them, where they have not a GPU each, of which NCCL tells in many words or never.

    Raises RuntimeError where another one does not tell which it has.
    """
    if device.type != "cuda":
        return
    has_none = device.index is None
    store.set(f"gpu/{rank}", "" if has_none else str(torch.cuda.get_device_properties(device).uuid))
    found = {store.get(f"gpu/{each}") for each in range(size)} - {b""}
    if len(found) < size:
        raise Refused(
            f"{size} processes that train a point together need a GPU each, and have {len(found)}: "
            "start as many as there are GPUs."
        )
