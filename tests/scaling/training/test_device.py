"""Devices by name, and the memory of this process."""

from __future__ import annotations

import sys

import pytest
import torch

from scaling.errors import Refused
from scaling.study.precision import Precision
from scaling.training.device import peak_memory_bytes, reset_peak_memory, use_device, use_precision

LOW: tuple[Precision, ...] = ("bf16", "tf32")


def test_the_cpu_is_always_there() -> None:
    assert use_device("cpu", num_threads=1).type == "cpu"
    assert torch.get_num_threads() == 1


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(Refused, match="device=gpu is unknown: use cpu, cuda or tpu"):
        use_device("gpu", num_threads=1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_an_absent_device_is_refused() -> None:
    with pytest.raises(Refused, match="device=cuda is not available"):
        use_device("cuda", num_threads=1)


def test_arithmetic_that_a_device_lacks_is_refused() -> None:
    with pytest.raises(Refused, match="precision=tf32 is not supported by device=cpu, only by NVIDIA GPUs"):
        use_precision("tf32", use_device("cpu", num_threads=1))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA GPU here")
def test_cuda_rounds_products_as_the_precision_says() -> None:
    cuda = use_device("cuda", num_threads=1)
    if torch.cuda.get_device_capability() < (8, 0):
        for precision in LOW:
            with pytest.raises(Refused, match=f"precision={precision} is not supported by"):
                use_precision(precision, cuda)
        return
    left, right = torch.randn(2, 512, 512, generator=torch.Generator().manual_seed(0)).to(cuda)
    exact = left.double() @ right.double()
    errors = {}
    for precision in ("tf32", "fp32"):
        use_precision(precision, cuda)
        errors[precision] = float((left @ right - exact).abs().max())
    assert errors["fp32"] < 1e-3 < errors["tf32"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_peak_memory_holds_what_was_used() -> None:
    cpu = torch.device("cpu")
    reset_peak_memory(cpu)
    before = peak_memory_bytes(cpu)
    torch.ones(2**26)  # 256 MiB, of which some may be what was freed before
    after = peak_memory_bytes(cpu)
    assert before is not None
    assert after is not None
    assert after - before > 100e6
