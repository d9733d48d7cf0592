"""The families of networks that a study can choose from, by their names in conf/model/."""

from __future__ import annotations

from bisect import bisect_left
from typing import TypeAlias

from scaling.models.efficientnet import EfficientNet, EfficientNetRS
from scaling.models.layout import NAMED
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


def nearest_depth(family: Family, depth: float) -> float:
    """The nearest of the family's depths and the depths named in the paper, by ratio."""
    named = NAMED if isinstance(family, ResNet) else ()
    above = min(bisect_left(family.depths, depth), len(family.depths) - 1)
    near: list[float] = [*named, *family.depths[max(above - 1, 0) : above + 1]]
    return min(near, key=lambda each: max(each / depth, depth / each))
