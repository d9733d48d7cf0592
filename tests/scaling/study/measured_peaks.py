"""Peak memory of real training steps, a line of JSON each; run by test_measured_memory.py.

Each network trains in a process of its own, forked from this one, which only imports torch.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import re
import sys
from pathlib import Path

import torch
from torch import nn

from scaling.models.build import build
from scaling.models.families import FAMILIES
from scaling.models.network import Network
from scaling.training.batches import Batch
from scaling.training.device import peak_memory_bytes, reset_peak_memory, use_device
from scaling.training.ema import Ema
from scaling.training.recipe import Recipe
from scaling.training.step import build_stepper

SHALLOW = {"resnet_small": 8, "efficientnet": 1, "efficientnet_rs": 1}
NUM_CLASSES = 1000


def used_bytes(device: torch.device) -> int:
    """Memory in use now, after what is free was given back."""
    gc.collect()
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    found = re.search(r"^VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def train(network: Network, resolution: int, frames: int, batch_size: int, device: torch.device) -> None:
    """Three steps on noise, as scaling/training/run.py does them."""
    module: nn.Module = build(network, in_channels=3, num_classes=NUM_CLASSES).to(device)
    if not network.takes_clips:
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    stepper = build_stepper(module, Recipe(batch_size=batch_size), bf16=False)
    average = Ema(module, 0.9999)
    clip = (frames,) if network.takes_clips else ()
    images = torch.randn(batch_size, 3, *clip, resolution, resolution, device=device)
    labels = torch.zeros(batch_size, dtype=torch.long, device=device)
    for _ in range(3):
        stepper.step(Batch(images, labels, None), 0.01)
        average.update_parameters(module)


def measure(
    device: torch.device, name: str, depth: float, width: float, resolution: int, frames: int, batch_size: int
) -> int:
    """Most bytes that training took beyond what was in use after a tiny network had been trained."""
    family = FAMILIES[name]()
    train(family.network(SHALLOW.get(name, 14), 0.25), 64, frames, 2, device)
    before = used_bytes(device)
    reset_peak_memory(device)
    train(family.network(depth, width), resolution, frames, batch_size, device)
    peak = peak_memory_bytes(device)
    assert peak is not None
    return peak - before


def main() -> None:
    """Arguments: the device, and the cases as JSON."""
    for case in json.loads(sys.argv[2]):
        child = os.fork()
        if child == 0:
            device = use_device(sys.argv[1], num_threads=1)
            os.write(1, json.dumps(measure(device, *case)).encode() + b"\n")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert status == 0, f"{case} ended with {status}"


if __name__ == "__main__":
    main()
