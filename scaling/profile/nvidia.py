"""NVIDIA's GPUs: dense peak rates, bandwidth and memory of each card, from its datasheet or whitepaper.

Cards of one chip differ in clocks and memory, so each has an entry of its own. Rates of tensor cores are for
sums in fp32, which torch takes; many datasheets print twice the dense rate, which is for sparse matrices.
"""

from __future__ import annotations

from scaling.profile.device import Device
from scaling.study.precision import Precision

_CHANNELS = "NVIDIA Convolutional Layers User's Guide: 16-bit channels in multiples of 8"
_GA100 = "NVIDIA A100 Tensor Core GPU Architecture whitepaper (2020), table of V100 and A100 peak rates"
_GA102 = "NVIDIA Ampere GA102 GPU Architecture whitepaper (2021), appendices of peak rates"
_AD102 = "NVIDIA Ada GPU Architecture whitepaper (2022), appendices of peak rates"
_GH100 = "NVIDIA H100 Tensor Core GPU Architecture whitepaper (2022), table of SXM5 and PCIe peak rates"
_GB202 = "NVIDIA RTX Blackwell GPU Architecture whitepaper (2025), appendices of peak rates"


def _gpu(
    title: str,
    *names: str,
    fp32: float,
    tf32: float | None = None,
    bf16: float | None = None,
    bandwidth: float,
    memory: float,
    sources: tuple[str, ...],
    depthwise: float = 1.0,
) -> Device:
    """A card by its rates in TFLOP/s, bandwidth in GB/s and memory in GB; the oldest lack TF32 and bf16."""
    rates: dict[Precision, float | None] = {"fp32": fp32, "tf32": tf32, "bf16": bf16}
    has_bf16 = bf16 is not None
    return Device(
        title=f"NVIDIA {title}",
        names=names,
        matrix_flops={precision: rate * 1e12 for precision, rate in rates.items() if rate is not None},
        vector_flops=fp32 * 1e12,
        bandwidth=bandwidth * 1e9,
        memory_bytes=memory * 1e9,
        tile=8 if has_bf16 else 1,
        depthwise_efficiency=depthwise,
        sources=(*sources, _CHANNELS) if has_bf16 else sources,
    )


GPUS: dict[str, Device] = {
    "v100": _gpu(
        "V100 SXM2 32 GB", "Tesla V100-SXM2-32GB", "Tesla V100-SXM2-16GB",
        fp32=15.7, bandwidth=900, memory=32, depthwise=0.05,
        sources=(_GA100, "NVIDIA V100 datasheet: 900 GB/s, 16 or 32 GB"),
    ),
    "v100_pcie": _gpu(
        "V100 PCIe 32 GB", "Tesla V100-PCIE-32GB", "Tesla V100-PCIE-16GB",
        fp32=14, bandwidth=900, memory=32,
        sources=("NVIDIA V100 datasheet: 14 TFLOP/s, 900 GB/s, 16 or 32 GB",),
    ),
    "t4": _gpu(
        "T4", "Tesla T4",
        fp32=8.1, bandwidth=300, memory=16,
        sources=("NVIDIA T4 datasheet: 8.1 TFLOP/s, 300 GB/s, 16 GB",),
    ),
    "a100": _gpu(
        "A100 SXM4 80 GB", "NVIDIA A100-SXM4-80GB", "A100-SXM4-80GB",
        fp32=19.5, tf32=156, bf16=312, bandwidth=2039, memory=80,
        sources=(_GA100, "NVIDIA A100 80 GB datasheet: 2,039 GB/s"),
    ),
    "a100_40gb": _gpu(
        "A100 SXM4 40 GB", "NVIDIA A100-SXM4-40GB", "A100-SXM4-40GB",
        fp32=19.5, tf32=156, bf16=312, bandwidth=1555, memory=40,
        sources=(_GA100, "NVIDIA A100 datasheet: 1,555 GB/s"),
    ),
    "a100_pcie": _gpu(
        "A100 PCIe 80 GB", "NVIDIA A100 80GB PCIe",
        fp32=19.5, tf32=156, bf16=312, bandwidth=1935, memory=80,
        sources=("NVIDIA A100 80 GB datasheet, column of the PCIe card: 1,935 GB/s",),
    ),
    "a100_pcie_40gb": _gpu(
        "A100 PCIe 40 GB", "NVIDIA A100-PCIE-40GB", "A100-PCIE-40GB",
        fp32=19.5, tf32=156, bf16=312, bandwidth=1555, memory=40,
        sources=("NVIDIA A100 datasheet, column of the PCIe card: 1,555 GB/s",),
    ),
    "a30": _gpu(
        "A30", "NVIDIA A30",
        fp32=10.3, tf32=82, bf16=165, bandwidth=933, memory=24, sources=("NVIDIA A30 datasheet",),
    ),
    "a10": _gpu(
        "A10", "NVIDIA A10",
        fp32=31.2, tf32=62.5, bf16=125, bandwidth=600, memory=24, sources=("NVIDIA A10 datasheet",),
    ),
    "a40": _gpu(
        "A40", "NVIDIA A40",
        fp32=37.4, tf32=74.8, bf16=149.7, bandwidth=696, memory=48, sources=("NVIDIA A40 datasheet",),
    ),
    "rtx_a6000": _gpu(
        "RTX A6000", "NVIDIA RTX A6000",
        fp32=38.7, tf32=77.4, bf16=154.8, bandwidth=768, memory=48, sources=(_GA102,),
    ),
    "rtx_3090": _gpu(
        "GeForce RTX 3090", "NVIDIA GeForce RTX 3090", "GeForce RTX 3090",
        fp32=35.6, tf32=35.6, bf16=71.2, bandwidth=936, memory=24, sources=(_GA102,),
    ),
    "l4": _gpu(
        "L4", "NVIDIA L4",
        fp32=30.3, tf32=60, bf16=121, bandwidth=300, memory=24,
        sources=("NVIDIA L4 datasheet (its TF32 and bf16 rates are with sparsity)",),
    ),
    "l40": _gpu(
        "L40", "NVIDIA L40",
        fp32=90.5, tf32=90.5, bf16=181, bandwidth=864, memory=48, sources=("NVIDIA L40 datasheet",),
    ),
    "l40s": _gpu(
        "L40S", "NVIDIA L40S",
        fp32=91.6, tf32=183, bf16=362, bandwidth=864, memory=48, sources=("NVIDIA L40S datasheet",),
    ),
    "rtx_6000_ada": _gpu(
        "RTX 6000 Ada Generation", "NVIDIA RTX 6000 Ada Generation",
        fp32=91.1, tf32=182.1, bf16=364.2, bandwidth=960, memory=48,
        sources=("NVIDIA Ada whitepaper for professional graphics (2023), appendix of RTX 6000 peak rates",),
    ),
    "rtx_4090": _gpu(
        "GeForce RTX 4090", "NVIDIA GeForce RTX 4090",
        fp32=82.6, tf32=82.6, bf16=165.2, bandwidth=1008, memory=24, sources=(_AD102,),
    ),
    "h100": _gpu(
        "H100 SXM5 80 GB", "NVIDIA H100 80GB HBM3",
        fp32=66.9, tf32=494.7, bf16=989.4, bandwidth=3350, memory=80,
        sources=(_GH100, "NVIDIA H100 datasheet: 3.35 TB/s (its TF32 and bf16 rates are with sparsity)"),
    ),
    "h100_pcie": _gpu(
        "H100 PCIe 80 GB", "NVIDIA H100 PCIe",
        fp32=51.2, tf32=378, bf16=756, bandwidth=2000, memory=80,
        sources=(_GH100, "NVIDIA H100 PCIe product brief PB-11133-001 (2022): over 2,000 GB/s"),
    ),
    "h100_nvl": _gpu(
        "H100 NVL 94 GB", "NVIDIA H100 NVL",
        fp32=60, tf32=417.5, bf16=835.5, bandwidth=3900, memory=94,
        sources=("NVIDIA H100 datasheet, column of H100 NVL (its TF32 and bf16 rates are with sparsity)",),
    ),
    "h200": _gpu(
        "H200 SXM 141 GB", "NVIDIA H200",
        fp32=66.9, tf32=494.7, bf16=989.4, bandwidth=4800, memory=141,
        sources=(_GH100, "NVIDIA H200 datasheet: 4.8 TB/s, 141 GB, the arithmetic of H100"),
    ),
    "h200_nvl": _gpu(
        "H200 NVL 141 GB", "NVIDIA H200 NVL",
        fp32=60, tf32=417.5, bf16=835.5, bandwidth=4800, memory=141,
        sources=("NVIDIA H200 datasheet, column of H200 NVL (its TF32 and bf16 rates are with sparsity)",),
    ),
    "gh200": _gpu(
        "GH200 96 GB", "NVIDIA GH200 480GB",
        fp32=66.9, tf32=494.7, bf16=989.4, bandwidth=4000, memory=96,
        sources=(_GH100, "NVIDIA GH200 datasheet: 4 TB/s, 96 GB beside 480 GB of the CPU, H100's arithmetic"),
    ),
    "rtx_5090": _gpu(
        "GeForce RTX 5090", "NVIDIA GeForce RTX 5090",
        fp32=104.8, tf32=104.8, bf16=209.5, bandwidth=1792, memory=32, sources=(_GB202,),
    ),
}  # fmt: skip
