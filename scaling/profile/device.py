"""A device as specified by its maker: arithmetic, bandwidth, memory and tiles, each with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scaling.study.precision import Precision


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
    names: tuple[str, ...] = ()
    """Names that the driver of a GPU gives to it, as torch.cuda.get_device_name does."""
    sources: tuple[str, ...]
