"""The family resnet_small: what it builds and what it refuses."""

from __future__ import annotations

import pytest

from scaling.errors import Refused
from scaling.models.resnet_small import ResNetSmall
from scaling.models.scaled import squeeze_channels


@pytest.mark.parametrize(("depth", "blocks"), [(8, 1), (14, 2), (20, 3), (56, 9)])
def test_depth_is_6k_plus_2(depth: int, blocks: int) -> None:
    stages = ResNetSmall().network(depth, 1.0).stages
    assert [stage.num_blocks for stage in stages] == [blocks] * 3
    assert [stage.channels for stage in stages] == [16, 32, 64]
    assert [stage.stride for stage in stages] == [1, 2, 2]


@pytest.mark.parametrize(("depth", "nearest"), [(2, "8"), (0, "8"), (9, "8 or 14"), (15, "14 or 20")])
def test_other_depths_are_refused_with_the_nearest(depth: int, nearest: str) -> None:
    with pytest.raises(Refused, match=rf"depth={depth} .* nearest is {nearest}\."):
        ResNetSmall().network(depth, 1.0)


@pytest.mark.parametrize("width", [0.01, 0.0, -1.0])
def test_a_width_without_channels_is_refused(width: float) -> None:
    with pytest.raises(Refused, match=r"width of at least 0\.125"):
        ResNetSmall().network(8, width)


@pytest.mark.parametrize(
    ("channels", "ratio", "squeezed"), [(16, 0, 0), (16, 0.25, 8), (64, 0.25, 16), (100, 0.25, 24)]
)
def test_squeeze_is_a_multiple_of_8(channels: int, ratio: float, squeezed: int) -> None:
    assert squeeze_channels(channels, ratio) == squeezed
