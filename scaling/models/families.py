"""The families a study can choose from, by the name that conf/model/ gives them."""

from __future__ import annotations

from typing import TypeAlias

from scaling.models.resnet_small import ResNetSmall

Family: TypeAlias = ResNetSmall

FAMILIES: dict[str, type[Family]] = {"resnet_small": ResNetSmall}
