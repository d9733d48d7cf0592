"""The table of devices, and how one is found in it."""

from __future__ import annotations

import pytest

from scaling.errors import Refused
from scaling.profile.devices import DEVICES, device_of, gpu_of
from scaling.profile.nvidia import GPUS


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("v10", "did you mean v100"), ("tpuv3", "did you mean tpu_v3"), ("x", "known are v100, ")],
)
def test_an_unknown_device_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(Refused, match=rf"^device={name} has no specification here: {sentence}"):
        device_of(name)


@pytest.mark.parametrize("name", list(DEVICES))
def test_every_device_is_specified_and_says_where(name: str) -> None:
    device = device_of(name)
    numbers = (*device.matrix_flops.values(), device.vector_flops, device.bandwidth, device.memory_bytes)
    assert device.matrix_flops
    assert all(number > 0 for number in (*numbers, device.tile, *device.layout))
    assert device.sources
    assert all(len(source) > 10 for source in device.sources)
    assert max(device.matrix_flops.values()) >= device.vector_flops


@pytest.mark.parametrize(
    ("name", "device", "bf16_tera"),
    [
        ("NVIDIA H100 80GB HBM3", "h100", 989.4),
        ("NVIDIA H100 PCIe", "h100_pcie", 756),
        ("NVIDIA H100 NVL", "h100_nvl", 835.5),
        ("NVIDIA H200", "h200", 989.4),
        ("NVIDIA A100 80GB PCIe", "a100_pcie", 312),
        ("NVIDIA A100-SXM4-40GB", "a100_40gb", 312),
        ("NVIDIA L40S", "l40s", 362),
        ("NVIDIA L4", "l4", 121),
        ("NVIDIA GeForce RTX 4090", "rtx_4090", 165.2),
        ("Tesla V100-PCIE-16GB", "v100_pcie", None),
    ],
)
def test_each_card_of_a_chip_has_its_own_rates(name: str, device: str, bf16_tera: float | None) -> None:
    found = gpu_of(name)
    assert found is DEVICES[device]
    assert found.matrix_flops.get("bf16") == (bf16_tera and pytest.approx(bf16_tera * 1e12))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "NVIDIA GeForce RTX 4090 Laptop GPU",
        "NVIDIA A100-SXM4-80GB MIG 3g.40gb",
        "NVIDIA L40G",
        "NVIDIA A1000",
    ],
)
def test_a_card_that_is_not_listed_is_not_taken_for_another(name: str) -> None:
    assert gpu_of(name) is None


def test_no_name_belongs_to_two_cards() -> None:
    names = [name for device in DEVICES.values() for name in device.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", [name for name, gpu in GPUS.items() if "bf16" in gpu.matrix_flops])
def test_rates_of_tensor_cores_are_dense(name: str) -> None:
    """They multiply bf16 twice as fast as TF32, and at most 16 times as fast as the other cores fp32."""
    gpu = GPUS[name]
    assert gpu.matrix_flops["bf16"] == pytest.approx(2 * gpu.matrix_flops["tf32"], rel=0.02)
    assert gpu.matrix_flops["bf16"] <= 16.1 * gpu.vector_flops
