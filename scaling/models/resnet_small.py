"""ResNet for 16 to 64 pixel images: 3x3 stem, three stages, depth 6k+2 (He et al. 2015, sec. 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from scaling.errors import Refused
from scaling.models.layer import Activation
from scaling.models.residual import ResidualNetwork, Stem, doubling_stages
from scaling.models.scaled import MOST_LAYERS, check_switches, scaled, whole


@dataclass(frozen=True, kw_only=True)
class ResNetSmall:
    """The family. Depth and width are axes of the grid; the fields are switches."""

    base_channels: int = 16
    """Channels of the first stage at width 1; each stage doubles them."""
    stem: Stem = "deep"
    """`deep` is the ResNet-D stem of three 3x3 convolutions, `plain` a single 3x3 one."""
    pooled_shortcut: bool = True
    """Whether shortcuts have average pooling before the 1x1 convolution (ResNet-D)."""
    se_ratio: float = 0.25
    """Squeeze-and-excitation bottleneck as a share of a block's channels (ResNet-RS, sec. 4); 0 for none."""
    activation: Activation = "relu"

    depths: ClassVar[Sequence[float]] = range(8, MOST_LAYERS, 6)
    """All depths that can be built."""

    def __post_init__(self) -> None:
        check_switches(se_ratio=self.se_ratio, base_channels=self.base_channels)

    def network(self, depth: float, width: float) -> ResidualNetwork:
        """The network for a depth (layers with weights, without shortcuts) and a width multiplier."""
        blocks = _blocks_per_stage(whole("depth", depth))
        channels = scaled(self.base_channels, width)
        return ResidualNetwork(
            block="basic",
            stem=self.stem,
            stem_channels=channels,
            stages=doubling_stages([blocks] * 3, channels, "basic", self.se_ratio),
            pooled_shortcut=self.pooled_shortcut,
            activation=self.activation,
        )


def _blocks_per_stage(depth: int) -> int:
    blocks, rest = divmod(depth - 2, 6)
    if blocks >= 1 and rest == 0:
        return blocks
    below = 2 + 6 * max(blocks, 1)
    nearest = f"{below} or {below + 6}" if blocks >= 1 else f"{below}"
    raise Refused(f"depth={depth} cannot be built: resnet_small has depth 6k+2, the nearest is {nearest}.")
