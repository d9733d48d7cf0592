"""Building: an InvertedNetwork becomes timm's EfficientNet."""

from __future__ import annotations

from functools import partial

from timm.models._efficientnet_builder import decode_arch_def, round_channels
from timm.models.efficientnet import EfficientNet

from scaling.models.inverted import InvertedNetwork, InvertedStage


def build_inverted(network: InvertedNetwork, *, in_channels: int, num_classes: int) -> EfficientNet:
    """A module from images (N, C, H, W) to logits (N, num_classes), initialised like timm's EfficientNet."""
    return EfficientNet(
        decode_arch_def([[_blocks(stage, network.se_ratio)] for stage in network.stages]),
        num_classes=num_classes,
        in_chans=in_channels,
        stem_size=network.stem_channels,
        fix_stem=True,
        num_features=network.num_features,
        act_layer=network.activation,
        round_chs_fn=partial(round_channels, multiplier=1.0),
    )


def _blocks(stage: InvertedStage, se_ratio: float) -> str:
    """The stage in timm's notation: `ir_r2_k3_s2_e6_c24_se0.25`."""
    kind = "ds" if stage.expansion == 1 else "ir"
    squeeze = f"_se{se_ratio!r}" if se_ratio else ""
    return (
        f"{kind}_r{stage.num_blocks}_k{stage.kernel}_s{stage.stride}_e{stage.expansion}_c{stage.channels}"
        f"{squeeze}"
    )
