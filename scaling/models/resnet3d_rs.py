"""ResNet-RS for video: the 2D network inflated in time (Du et al. 2021, arXiv 2109.01696)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scaling.errors import Refused
from scaling.models.residual import ResidualNetwork
from scaling.models.resnet import ResNetRS

LONGEST = 99
"""Largest temporal kernel or stride, in frames."""


@dataclass(frozen=True, kw_only=True)
class ResNet3DRS(ResNetRS):
    """ResNet-RS for clips of frames x height x width.

    Temporal kernels and strides are those of 3D-ResNet-RS in the TensorFlow model garden (official/vision,
    k400_resnet3drs_50_tpu.yaml): 5 frames and stride 2 in the stem, and (t x 1 x 1) in the first convolution
    of a block. Its self-gating is omitted. With `stem_pool=max` and `pooled_shortcut=false`, stem and
    shortcuts are the garden's too.
    """

    stem_temporal_kernel: int = 5
    stem_temporal_stride: int = 2
    temporal_kernels: tuple[int, ...] = (1, 1, 3, 3)
    """Kernel in time of the first convolution of the blocks of c2, c3, c4 and c5, in frames."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.temporal_kernels) != 4:
            raise Refused(
                f"model.temporal_kernels={list(self.temporal_kernels)} should have one for each of 4 stages."
            )
        for kernel in (self.stem_temporal_kernel, *self.temporal_kernels):
            if not 1 <= kernel <= LONGEST or kernel % 2 == 0:
                raise Refused(f"A temporal kernel of {kernel} frames should be odd, from 1 to {LONGEST}.")
        if not 1 <= self.stem_temporal_stride <= LONGEST:
            raise Refused(
                f"model.stem_temporal_stride={self.stem_temporal_stride} should be from 1 to {LONGEST}."
            )

    def network(self, depth: float, width: float) -> ResidualNetwork:
        """The 2D network of the same depth and width, inflated."""
        flat = super().network(depth, width)
        return replace(
            flat,
            stages=tuple(
                replace(stage, temporal_kernel=kernel)
                for stage, kernel in zip(flat.stages, self.temporal_kernels, strict=True)
            ),
            stem_temporal_kernel=self.stem_temporal_kernel,
            stem_temporal_stride=self.stem_temporal_stride,
            takes_clips=True,
        )
