"""The families a study can choose from, by the name that conf/model/ gives them."""

from __future__ import annotations

from typing import TypeAlias

from scaling.models.efficientnet import EfficientNet, EfficientNetRS
from scaling.models.resnet import ResNet, ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall

Family: TypeAlias = ResNetSmall | ResNet | EfficientNet

FAMILIES: dict[str, type[Family]] = {
    "resnet_small": ResNetSmall,
    "resnet": ResNet,
    "resnet_rs": ResNetRS,
    "efficientnet": EfficientNet,
    "efficientnet_rs": EfficientNetRS,
    "resnet3d_rs": ResNet3DRS,
}
