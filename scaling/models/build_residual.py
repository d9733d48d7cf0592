"""Building: a ResidualNetwork becomes a torch module made of timm's residual blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from timm.layers import ClassifierHead, get_act_layer
from timm.models import checkpoint_seq
from timm.models.resnet import BasicBlock, Bottleneck, downsample_avg, downsample_conv
from torch import Tensor, nn

from scaling.models.batch_norm import BatchNorm2d
from scaling.models.inflate import inflate, widen_in_time
from scaling.models.residual import ResidualNetwork, Stage
from scaling.models.residual_block import EXPANSION
from scaling.models.squeeze_excite import SqueezeExcite

_BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}

Act = Callable[[], nn.Module]


class ResNetTrunk(nn.Module):
    """Stem, stages and classifier of `network`: from images or clips to logits (N, num_classes)."""

    def __init__(self, network: ResidualNetwork, *, in_channels: int, num_classes: int) -> None:
        super().__init__()
        activation = partial(get_act_layer(network.activation), inplace=True)
        self.stem = _stem(network, in_channels, activation)
        outputs = [stage.channels * EXPANSION[network.block] for stage in network.stages]
        self.stages: nn.Sequential = nn.Sequential(
            *(
                _stage(stage, before, network, activation)
                for stage, before in zip(network.stages, [network.stem_channels, *outputs], strict=False)
            )
        )
        self.head = ClassifierHead(network.num_features, num_classes)
        self._computes_anew = False

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Set whether the backward pass recomputes the activations within each block; the name is timm's."""
        self._computes_anew = enable

    def forward(self, images: Tensor) -> Tensor:
        features = self.stem(images)
        if self._computes_anew and self.training:
            features = checkpoint_seq(self.stages, features, flatten=True)
        else:
            features = self.stages(features)
        logits: Tensor = self.head(features.flatten(3))  # joins height and width of clips
        return logits


def build_residual(network: ResidualNetwork, *, in_channels: int, num_classes: int) -> ResNetTrunk:
    """The module of a network, inflated in time if it takes clips."""
    trunk = ResNetTrunk(network, in_channels=in_channels, num_classes=num_classes)
    if network.takes_clips:
        inflate(trunk)
        _let_time_in(trunk, network)
    return trunk.apply(_initialise)


def _stem(network: ResidualNetwork, in_channels: int, activation: Act) -> nn.Sequential:
    layers: list[nn.Module] = []
    kernel = network.stem_kernel if network.stem == "plain" else 3
    stride = network.stem_stride
    for before, after in pairwise((in_channels, *network.stem_widths)):
        layers += _conv(before, after, kernel, stride, activation)
        stride = 1
    width = network.stem_channels
    if network.stem_pool == "max":
        layers.append(nn.MaxPool2d(3, stride=2, padding=1))
    elif network.stem_pool == "conv":
        layers += _conv(width, width, 3, 2, activation)
    return nn.Sequential(*layers)


def _conv(before: int, after: int, kernel: int, stride: int, activation: Act) -> list[nn.Module]:
    conv = nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, bias=False)
    return [conv, BatchNorm2d(after), activation()]


def _stage(stage: Stage, in_channels: int, network: ResidualNetwork, activation: Act) -> nn.Sequential:
    squeeze = partial(SqueezeExcite, rd_channels=stage.se_channels) if stage.se_channels else None
    after = stage.channels * EXPANSION[network.block]
    blocks = []
    for index in range(stage.num_blocks):
        before, stride = (in_channels, stage.stride) if index == 0 else (after, 1)
        shortcut = _shortcut(before, after, stride, pooled=network.pooled_shortcut)
        block = _BLOCKS[network.block]
        blocks.append(
            block(
                before,
                stage.channels,
                stride,
                shortcut,
                act_layer=activation,
                norm_layer=BatchNorm2d,
                attn_layer=squeeze,
            )
        )
    return nn.Sequential(*blocks)


def _shortcut(before: int, after: int, stride: int, *, pooled: bool) -> nn.Module | None:
    """The shortcut, or None for the identity. Pooling rounds odd sides up, as a strided convolution does."""
    if stride == 1 and before == after:
        return None
    make = downsample_avg if pooled else downsample_conv
    module: nn.Module = make(before, after, kernel_size=1, stride=stride, norm_layer=BatchNorm2d)
    return module


def _let_time_in(trunk: ResNetTrunk, network: ResidualNetwork) -> None:
    """Give the stem and the first convolution of each block their temporal kernels and strides."""
    widen_in_time(trunk.stem, "0", network.stem_temporal_kernel, network.stem_temporal_stride)
    for stage, blocks in zip(network.stages, trunk.stages, strict=True):
        for block in blocks.children():
            widen_in_time(block, "conv1", stage.temporal_kernel)


def _initialise(module: nn.Module) -> None:
    """He initialisation (arXiv 1502.01852), with residual branches at zero (arXiv 1706.02677, sec. 5.1)."""
    if isinstance(module, nn.Conv2d | nn.Conv3d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, BasicBlock | Bottleneck):
        module.zero_init_last()
