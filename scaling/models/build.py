"""A Network as a torch module, put together from timm's residual blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

from timm.layers import ClassifierHead, get_act_layer
from timm.layers.squeeze_excite import SEModule
from timm.models.resnet import BasicBlock, downsample_avg, downsample_conv
from torch import Tensor, nn

from scaling.models.network import Network, Stage


class ResNetTrunk(nn.Module):
    """Stem, stages and classifier of `network`; images (N, C, H, W) to logits (N, num_classes)."""

    def __init__(self, network: Network, *, in_channels: int, num_classes: int) -> None:
        super().__init__()
        activation = partial(get_act_layer(network.activation), inplace=True)
        self.stem = _stem(network, in_channels, activation)
        widths = [network.stem_channels, *(stage.channels for stage in network.stages)]
        self.stages = nn.Sequential(
            *(
                _stage(stage, width, network, activation)
                for stage, width in zip(network.stages, widths, strict=False)
            )
        )
        self.head = ClassifierHead(network.num_features, num_classes)
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.stages(self.stem(images)))
        return logits


def build(network: Network, *, in_channels: int, num_classes: int) -> nn.Module:
    """A freshly initialised module; seed torch first for a repeatable start."""
    return ResNetTrunk(network, in_channels=in_channels, num_classes=num_classes)


def _stem(network: Network, in_channels: int, activation: Callable[[], nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in pairwise((in_channels, *network.stem_widths)):
        layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), activation()]
    return nn.Sequential(*layers)


def _stage(
    stage: Stage, in_channels: int, network: Network, activation: Callable[[], nn.Module]
) -> nn.Sequential:
    squeeze = partial(SEModule, rd_channels=stage.se_channels) if stage.se_channels else None
    blocks = []
    for index in range(stage.num_blocks):
        before, stride = (in_channels, stage.stride) if index == 0 else (stage.channels, 1)
        shortcut = _shortcut(before, stage.channels, stride, pooled=network.pooled_shortcut)
        blocks.append(
            BasicBlock(before, stage.channels, stride, shortcut, act_layer=activation, attn_layer=squeeze)
        )
    return nn.Sequential(*blocks)


def _shortcut(before: int, after: int, stride: int, *, pooled: bool) -> nn.Module | None:
    """None where the identity fits. The pool rounds up, as a strided convolution does on an odd side."""
    if stride == 1 and before == after:
        return None
    make = downsample_avg if pooled else downsample_conv
    module: nn.Module = make(before, after, kernel_size=1, stride=stride, norm_layer=nn.BatchNorm2d)
    return module


def _initialise(module: nn.Module) -> None:
    """He initialisation (arXiv 1502.01852); residual branches start at zero (arXiv 1706.02677, sec. 5.1)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, BasicBlock):
        module.zero_init_last()
