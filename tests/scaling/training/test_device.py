"""Devices by name, and the memory of this process."""

from __future__ import annotations

import sys

import pytest
import torch

from scaling.errors import Refused
from scaling.training.device import peak_memory_bytes, reset_peak_memory, use_device


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


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_peak_memory_holds_what_was_used() -> None:
    cpu = torch.device("cpu")
    reset_peak_memory(cpu)
    before = peak_memory_bytes(cpu)
    torch.ones(2**25)  # 128 MiB
    after = peak_memory_bytes(cpu)
    assert before is not None
    assert after is not None
    assert after - before > 100e6
