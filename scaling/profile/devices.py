"""Devices as specified by their makers: arithmetic, bandwidth, memory and tiles, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scaling.errors import Refused
from scaling.study.precision import Precision
from scaling.study.spelling import nearest


@dataclass(frozen=True, kw_only=True, eq=False)
class Device:
    """A device that processes one batch: a GPU, a TPU core or chip, or a CPU core. Rates are dense peak
    rates; a fused multiply-add counts as 2 FLOPs."""

    title: str
    matrix_flops: Mapping[Precision, float]
    """FLOP/s of convolutions and linear maps by precision; other precisions are not supported."""
    vector_flops: float
    """FLOP/s in fp32 outside the matrix units, where depthwise convolutions run."""
    bandwidth: float
    """Bytes/s between memory and chip."""
    memory_bytes: float
    tile: int = 1
    """Input and output channels of a 16-bit convolution are padded to a multiple of this."""
    layout: tuple[int, int] = (1, 1)
    """Tensors in memory are padded along batch and channels to multiples of these, in the cheaper order."""
    depthwise_efficiency: float = 1.0
    """Share of the roofline that depthwise convolutions attain; 1 if not measured. It is not a specification,
    but calibrated on published latencies by `python -m scaling compare`."""
    training_share: float = 0.74
    """Share of the roofline that whole training steps attain. The default is the median of seven ResNet-RS on
    an RTX 3090 (0.63 to 0.76, from throughput published by timm in 2021), not measured here."""
    call_seconds: float = 0.0
    """Overhead of each layer in a training step, in addition to arithmetic and traffic; 0 if not measured."""
    fuses: bool = False
    """Whether norms, activations and sums are fused with the neighbouring convolutions."""
    sources: tuple[str, ...]


_AMPERE = "NVIDIA A100 Tensor Core GPU Architecture whitepaper (2020), table of V100 and A100 peak rates"
_HOPPER = "NVIDIA H100 Tensor Core GPU Architecture whitepaper (2022), table of SXM5 peak rates"
_CHANNELS = "NVIDIA Convolutional Layers User's Guide: 16-bit channels in multiples of 8"
_LAYOUT = "Cloud TPU performance guide: arrays are tiled, one dimension to 8, another to 128"
_SCALING_BOOK = "Austin et al., How to Scale Your Model (2025), chapter on TPUs"

DEVICES: dict[str, Device] = {
    "v100": Device(
        title="NVIDIA V100 SXM2 32 GB",
        matrix_flops={"fp32": 15.7e12},
        vector_flops=15.7e12,
        bandwidth=900e9,
        memory_bytes=32e9,
        depthwise_efficiency=0.05,
        sources=(_AMPERE, "NVIDIA V100 datasheet: 900 GB/s, 16 or 32 GB"),
    ),
    "a100": Device(
        title="NVIDIA A100 SXM4 80 GB",
        matrix_flops={"fp32": 19.5e12, "tf32": 156e12, "bf16": 312e12},
        vector_flops=19.5e12,
        bandwidth=2039e9,
        memory_bytes=80e9,
        tile=8,
        sources=(
            _AMPERE,
            "NVIDIA A100 80 GB datasheet: 2,039 GB/s",
            _CHANNELS,
        ),
    ),
    "h100": Device(
        title="NVIDIA H100 SXM5 80 GB",
        matrix_flops={"fp32": 66.9e12, "tf32": 494.7e12, "bf16": 989.4e12},
        vector_flops=66.9e12,
        bandwidth=3350e9,
        memory_bytes=80e9,
        tile=8,
        sources=(_HOPPER, "NVIDIA H100 datasheet: 3.35 TB/s (its TF32 and bf16 rates are with sparsity)"),
    ),
    "h200": Device(
        title="NVIDIA H200 SXM 141 GB",
        matrix_flops={"fp32": 66.9e12, "tf32": 494.7e12, "bf16": 989.4e12},
        vector_flops=66.9e12,
        bandwidth=4800e9,
        memory_bytes=141e9,
        tile=8,
        sources=(_HOPPER, "NVIDIA H200 datasheet: 4.8 TB/s, 141 GB, the arithmetic of H100"),
    ),
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
