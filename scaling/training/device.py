"""The device a point trains on: found by name, set up, fed, waited for, and asked for its peak memory."""

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
    """The device `cpu`, `cuda` or `tpu`, set up; Refused if unknown or absent.

    The CPU works with `num_threads`, and CUDA only with kernels that give one result for one input. `tpu` is
    what XLA drives, all of it; torch calls it `xla`.
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
    """Have convolutions and products on `device` done as `precision` says; Refused where it cannot.

    Of fp32, CUDA would do some in TF32 and a TPU in bf16, if they were not told otherwise.
    """
    if device.type == "cuda":
        if precision != "fp32" and torch.cuda.get_device_capability(device) < (8, 0):
            gpu = torch.cuda.get_device_name(device)
            raise Refused(f"precision={precision} is not in the hardware of {gpu}: use precision=fp32.")
        fp32 = "tf32" if precision == "tf32" else "ieee"
        torch.backends.cuda.matmul.fp32_precision = fp32
        torch.backends.cudnn.conv.fp32_precision = fp32  # type: ignore[attr-defined]
    if device.type == "cpu":
        check_processor([precision])
    check_arithmetic("tpu" if device.type == "xla" else device.type, [precision])
    if device.type == "xla":
        xla.use_precision(precision)


def hardware(device: torch.device) -> str | None:
    """What a GPU or TPU calls itself; None of a CPU."""
    if device.type == "xla":
        return xla.hardware()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else None


def use_gpu(local_rank: int) -> torch.device:
    """This process's GPU from here on: the one of its number on the machine, of those that it sees.

    A device without a number where it sees none.
    """
    num_gpus = torch.cuda.device_count()
    if not num_gpus:
        return torch.device("cuda")
    gpu = torch.device("cuda", local_rank % num_gpus)
    torch.cuda.set_device(gpu)
    return gpu


def holds_images(device: torch.device) -> bool:
    """Whether all images had better lie on `device`; XLA would make a program of each slice of them."""
    return device.type != "xla"


def layout(*, clips: bool) -> torch.memory_format:
    """How networks and their input lie in memory: of images channels last, which for clips is slower."""
    return torch.contiguous_format if clips else torch.channels_last


def send(values: Tensor, device: torch.device) -> Tensor:
    """The values of a batch on `device`; XLA has its devices share them.

    CUDA copies from pinned memory: from any other, the host may have to wait for copies of more than 64 KB
    (CUDA C++ Programming Guide, Asynchronous Concurrent Execution).
    """
    if device.type == "xla":
        return xla.send(values)
    is_far = device.type == "cuda" and values.device.type == "cpu"
    return (values.pin_memory() if is_far else values).to(device, non_blocking=True)


def hand_over(device: torch.device) -> None:
    """Let `device` begin with what was asked of it; all but XLA have begun."""
    if device.type == "xla":
        xla.hand_over()


def synchronize(device: torch.device) -> None:
    """Wait for the work that was handed to `device`; a CPU has none left."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "xla":
        xla.finish()


def without_gradients(device: torch.device) -> AbstractContextManager[None]:
    """For evaluation; XLA cannot compute on tensors of inference mode."""
    return torch.no_grad() if device.type == "xla" else torch.inference_mode()


def autocast(device: torch.device, *, bf16: bool) -> AbstractContextManager[None]:
    """Convolutions and products of a forward pass in bfloat16, if so."""
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()


def reset_peak_memory(device: torch.device) -> None:
    """Start a new measurement of the peak, which XLA cannot."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    if device.type != "cpu":
        return
    try:
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets the peak resident set size
    except OSError:
        return


def peak_memory_bytes(device: torch.device) -> int | None:
    """Most memory in use since the reset: tensors on a GPU or TPU, the resident set of the process on a CPU.

    None where the system does not tell. Where it cannot reset, the peak is that of the whole process.
    """
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if device.type == "xla":
        return xla.memory_bytes("peak_bytes_used")
    return _status_bytes("VmHWM")


def memory_in_use_bytes(device: torch.device) -> int | None:
    """Memory in use now, of the same kind as the peak; None where the system does not tell."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    if device.type == "xla":
        return xla.memory_bytes("bytes_used")
    return _status_bytes("VmRSS")


def _status_bytes(field: str) -> int | None:
    """A size that Linux tells of this process."""
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
