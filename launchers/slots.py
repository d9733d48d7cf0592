"""Slots: how many points this machine trains at a time, and whether its devices can."""

from __future__ import annotations

import os
from collections.abc import Collection
from importlib.util import find_spec

from scaling import gpus
from scaling.cores import num_cores
from scaling.errors import Refused
from scaling.study.precision import Precision
from scaling.training.runtime import check_processor


def num_slots(slots: int | str, *, device: str, threads: int) -> int:
    """Number of slots; `auto` is one per GPU, one for a whole TPU, or one per `threads` usable cores."""
    if isinstance(slots, int):
        return slots
    if device == "tpu":
        return 1
    if device == "cuda":
        return max(1, len(gpus.visible()))
    return max(1, num_cores() // threads)


def num_at_full_speed(slots: int | str, *, device: str, threads: int) -> int:
    """Number of slots at full speed: on a CPU no more than there are cores for, as more would share them."""
    wanted = num_slots(slots, device=device, threads=threads)
    return min(wanted, num_slots("auto", device=device, threads=threads)) if device == "cpu" else wanted


def check_device(device: str) -> None:
    """Raise Refused if points cannot train on this device here."""
    if device == "cuda" and not gpus.visible():
        named = os.environ.get("CUDA_VISIBLE_DEVICES")
        which = "here" if named is None else f"that CUDA_VISIBLE_DEVICES={named!r} names (parts do not count)"
        raise Refused(f"device=cuda is not available: nvidia-smi lists no GPU {which}.")
    if device == "tpu" and find_spec("torch_xla") is None:
        raise Refused("device=tpu is not available: torch_xla is not installed; see docs/devices.md.")


def number_as_driver() -> None:
    """Make CUDA number GPUs as nvidia-smi does, unless the environment says otherwise.

    By default CUDA numbers the fastest first, while GPUs are checked and assigned by nvidia-smi's numbers.
    """
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")


def check_precisions(device: str, precisions: Collection[Precision]) -> None:
    """Raise Refused if the processor, or a GPU that jobs may use, does not support one of the precisions."""
    if device == "cpu":
        check_processor(precisions)
    if device != "cuda" or not set(precisions) - {"fp32"}:
        return
    for gpu in gpus.visible():
        if gpu.capability is not None and gpu.capability < 8:  # if unknown, the point itself asks torch
            lacking = max(set(precisions) - {"fp32"})
            raise Refused(f"precision={lacking} is not supported by {gpu.name}: use precision=fp32.")
