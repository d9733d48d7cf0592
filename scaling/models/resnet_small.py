"""ResNet for 16 to 64 pixel images: 3x3 stem, three stages, depth 6k+2 (He et al. 2015, sec. 4.2)."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.errors import Refused
from scaling.models.network import Activation, Network, Stage, Stem


@dataclass(frozen=True, kw_only=True)
class ResNetSmall:
    """The family; depth and width are axes of the grid, these are its switches."""

    base_channels: int = 16
    """Channels of the first stage at width 1; they double with each stage."""
    stem: Stem = "deep"
    """`deep` is the ResNet-D stem of three 3x3 convolutions, `plain` a single one."""
    pooled_shortcut: bool = True
    """ResNet-D shortcuts."""
    se_ratio: float = 0.25
    """Squeeze-and-excitation bottleneck as a share of the block's channels (ResNet-RS, sec. 4); 0 is none."""
    activation: Activation = "relu"

    def network(self, depth: int, width: float) -> Network:
        """The block list for a depth (layers with weights, shortcuts aside) and a width multiplier."""
        blocks_per_stage = self._blocks_per_stage(depth)
        channels = self._channels(width)
        stages = tuple(
            Stage(
                num_blocks=blocks_per_stage,
                channels=channels * 2**index,
                stride=1 if index == 0 else 2,
                se_channels=squeeze_channels(channels * 2**index, self.se_ratio),
            )
            for index in range(3)
        )
        return Network(
            block="basic",
            stem=self.stem,
            stem_channels=channels,
            stages=stages,
            pooled_shortcut=self.pooled_shortcut,
            activation=self.activation,
        )

    def _blocks_per_stage(self, depth: int) -> int:
        blocks, rest = divmod(depth - 2, 6)
        if blocks >= 1 and rest == 0:
            return blocks
        below = 2 + 6 * max(blocks, 1)
        nearest = f"{below} or {below + 6}" if blocks >= 1 else f"{below}"
        raise Refused(
            f"depth={depth} cannot be built: resnet_small has depth 6k+2, the nearest is {nearest}."
        )

    def _channels(self, width: float) -> int:
        channels = round(self.base_channels * width)
        if channels >= 2:
            return channels
        least = 2 / self.base_channels
        raise Refused(
            f"width={width:g} gives {max(channels, 0)} channels in the first stage of {self.base_channels}: "
            f"use a width of at least {least:g}."
        )


def squeeze_channels(channels: int, ratio: float) -> int:
    """Width of timm's SE bottleneck: `channels * ratio` to a multiple of 8, at least 8; 0 for ratio 0."""
    if ratio == 0:
        return 0
    return max(8, int(channels * ratio + 4) // 8 * 8)
