"""The device a point trains on: set-up, precision, transfers, synchronisation and memory."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from torch import Tensor

from scaling.errors import Refused
from scaling.study.precision import Precision
from scaling.training import heap, xla
from scaling.training.runtime import check_arithmetic, check_name, check_processor


def use_device(name: str, *, num_threads: int) -> torch.device:
    """Set up and return the device `cpu`, `cuda` or `tpu`; Refused if it is unknown or absent.

    The CPU uses `num_threads`, and CUDA only deterministic kernels. `tpu` stands for all devices of XLA;
    torch calls it `xla`.
    """
    check_name(name)
    torch.set_num_threads(num_threads)
    heap.keep()
    if name == "tpu":
        return xla.use_xla()
    if name == "cuda" and not torch.cuda.is_available():
        raise Refused("device=cuda is not available: torch finds no CUDA GPU here, use cpu.")
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    return torch.device(name)


def use_precision(precision: Precision, device: torch.device) -> None:
    """Set the precision of convolutions and matrix products on `device`; Refused if it is not supported.

    By default, CUDA computes some of those in fp32 in TF32, and a TPU in bf16.
    """
    if device.type == "cuda":
        if precision != "fp32" and torch.cuda.get_device_capability(device) < (8, 0):
            gpu = torch.cuda.get_device_name(device)
            raise Refused(f"precision={precision} is not supported by {gpu}: use precision=fp32.")
        fp32 = "tf32" if precision == "tf32" else "ieee"
        torch.backends.cuda.matmul.fp32_precision = fp32
        torch.backends.cudnn.conv.fp32_precision = fp32  # type: ignore[attr-defined]
    if device.type == "cpu":
        check_processor([precision])
    check_arithmetic("tpu" if device.type == "xla" else device.type, [precision])
    if device.type == "xla":
        xla.use_precision(precision)


def hardware(device: torch.device) -> str | None:
    """The name of a GPU or TPU; None for a CPU."""
    if device.type == "xla":
        return xla.hardware()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None


def use_gpu(local_rank: int) -> torch.device:
    """Select and return this process's GPU, by its number on the machine among the GPUs that it sees.

    Return a device without a number if it sees none.
    """
    num_gpus = torch.cuda.device_count()
    if not num_gpus:
        return torch.device("cuda")
    gpu = torch.device("cuda", local_rank % num_gpus)
    torch.cuda.set_device(gpu)
    return gpu


def holds_images(device: torch.device) -> bool:
    """Whether to keep all images on `device`; XLA would compile a program for each slice of them."""
    return device.type != "xla"


def layout(*, clips: bool) -> torch.memory_format:
    """The memory layout of networks and their input: channels last, except for clips, where it is slower."""
    return torch.contiguous_format if clips else torch.channels_last


def send(values: Tensor, device: torch.device) -> Tensor:
    """Move the values of a batch to `device`; the devices of XLA share them.

    CUDA copies from pinned memory, since from other memory the host may have to wait for copies of more than
    64 KB (CUDA C++ Programming Guide, Asynchronous Concurrent Execution).
    """
    if device.type == "xla":
        return xla.send(values)
    is_far = device.type == "cuda" and values.device.type == "cpu"
    return (values.pin_memory() if is_far else values).to(device, non_blocking=True)


def hand_over(device: torch.device) -> None:
    """Start the operations recorded for `device`; all devices but XLA's start them at once."""
    if device.type == "xla":
        xla.hand_over()


def synchronize(device: torch.device) -> None:
    """Wait until `device` has finished its work; a CPU always has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "xla":
        xla.finish()


def without_gradients(device: torch.device) -> AbstractContextManager[None]:
    """A context without gradients, for evaluation; XLA does not support tensors of inference mode."""
    return torch.no_grad() if device.type == "xla" else torch.inference_mode()


def autocast(device: torch.device, *, bf16: bool) -> AbstractContextManager[None]:
    """A context that computes convolutions and products of a forward pass in bfloat16, if `bf16`."""
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()


def reset_peak_memory(device: torch.device) -> None:
    """Reset the peak memory, if the system supports it; XLA does not."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    if device.type != "cpu":
        return
    try:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the peak resident set size
    except OSError:
        return


def peak_memory_bytes(device: torch.device) -> int | None:
    """Peak memory since the reset: of tensors on a GPU or TPU, of the resident set of the process on a CPU.

    None if the system does not report it. If the reset failed, it is the peak since the process started.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "xla":
        return xla.memory_bytes("peak_bytes_used")
    return _status_bytes("VmHWM")


def memory_in_use_bytes(device: torch.device) -> int | None:
    """Memory in use now, of the same kind as the peak; None if the system does not report it."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    if device.type == "xla":
        return xla.memory_bytes("bytes_used")
    return _status_bytes("VmRSS")


def _status_bytes(field: str) -> int | None:
    """A size in bytes that Linux reports for this process; None on other systems."""
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
