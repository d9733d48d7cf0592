"""The table of devices, and how one is found in it."""

from __future__ import annotations

from scaling.errors import Refused
from scaling.profile.device import Device
from scaling.profile.nvidia import GPUS
from scaling.study.spelling import nearest

_LAYOUT = "Cloud TPU performance guide: arrays are tiled, one dimension to 8, another to 128"
_SCALING_BOOK = "Austin et al., How to Scale Your Model (2025), chapter on TPUs"

DEVICES: dict[str, Device] = {
    **GPUS,
    "tpu_v3": Device(
        title="one core of Google TPU v3 (two a chip)",
        # 2 matrix units of 128 x 128 at 940 MHz, which multiply bf16: a product in fp32 takes six passes
        matrix_flops={"bf16": 61.6e12, "fp32": 61.6e12 / 6},
        vector_flops=1.93e12,  # 8 x 128 lanes x 2 ALUs x 940 MHz, no FMA; the CACM table says 4e12 per chip
        bandwidth=450e9,
        memory_bytes=17.2e9,
        tile=128,
        layout=(8, 128),
        fuses=True,
        depthwise_efficiency=0.33,
        sources=(
            "Cloud TPU v3 system architecture: 123 TFLOP/s, 900 GB/s and 32 GiB a chip of two cores",
            "Jouppi et al. 2020, CACM 63(7), A Domain-Specific Supercomputer: 940 MHz, 2 vector ALUs",
            _LAYOUT,
        ),
    ),
    "tpu_v4": Device(
        title="one chip of Google TPU v4",
        matrix_flops={"bf16": 275e12, "fp32": 275e12 / 6},
        vector_flops=4.3e12,  # 2 cores x 8 x 128 lanes x 2 ALUs x 1,050 MHz
        bandwidth=1200e9,
        memory_bytes=34.4e9,
        tile=128,
        layout=(8, 128),
        fuses=True,
        sources=("Cloud TPU v4 system architecture: 275 TFLOP/s, 1,200 GB/s, 32 GiB", _SCALING_BOOK, _LAYOUT),
    ),
    "tpu_v5e": Device(
        title="one chip of Google TPU v5e",
        matrix_flops={"bf16": 197e12, "fp32": 197e12 / 6},
        vector_flops=6.1e12,  # 8 x 128 lanes x 4 ALUs x 1,500 MHz; the ALUs are those of v5p, by inference
        bandwidth=819e9,
        memory_bytes=17.2e9,
        tile=128,
        layout=(8, 128),
        fuses=True,
        sources=("Cloud TPU v5e system architecture: 197 TFLOP/s, 819 GB/s, 16 GB", _SCALING_BOOK, _LAYOUT),
    ),
    "cpu": Device(
        title="one core of AMD EPYC 7003 at 2.45 GHz",
        matrix_flops={"fp32": 78.4e9},  # two 256-bit FMA units: 32 FLOPs per cycle
        vector_flops=78.4e9,
        bandwidth=51.2e9,  # one chiplet's link, 32 bytes x 1.6 GHz: recalled; a socket has 204.8e9
        memory_bytes=8e9,  # not specified: a typical amount of memory per core
        training_share=1.0,  # this and call_seconds: from 55 small ResNets on one core of a later AMD EPYC
        call_seconds=0.9e-3,
        sources=(
            "AMD EPYC 7003 datasheet: base clock of 7763, 8 channels of DDR4-3200",
            "AMD, Software Optimization Guide for the EPYC 7003: two 256-bit FMA a cycle",
        ),
    ),
}


def device_of(name: str, *, option: str = "device") -> Device:
    """The device called `name`; Refused, naming `option`, if it is not in the table."""
    if name in DEVICES:
        return DEVICES[name]
    raise Refused(f"{option}={name} has no specification here: {nearest(name, list(DEVICES))}.")


def gpu_of(name: str) -> Device | None:
    """The GPU that its driver calls `name`, such as `NVIDIA A100-SXM4-80GB`; None if it is not in the table.

    Cards of one chip differ, so only exact names count; a part of a GPU (MIG) has a name of its own.
    """
    return next((device for device in DEVICES.values() if name in device.names), None)
