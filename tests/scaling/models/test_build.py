"""The built network: its depth, its shapes, its start."""

from __future__ import annotations

import pytest
import torch
from timm.models.resnet import BasicBlock
from torch import nn

from scaling.models.build import build
from scaling.models.resnet_small import ResNetSmall


@pytest.mark.parametrize("depth", [8, 14, 20, 32])
def test_depth_counts_the_layers_with_weights(depth: int) -> None:
    network = ResNetSmall(stem="plain", se_ratio=0).network(depth, 0.5)
    module = build(network, in_channels=1, num_classes=10)
    shortcuts = sum(
        block.downsample is not None for block in module.modules() if isinstance(block, BasicBlock)
    )
    layers = sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in module.modules())
    assert layers - shortcuts == depth


@pytest.mark.parametrize("resolution", [4, 7, 14, 15, 28])
@pytest.mark.parametrize("pooled", [True, False])
def test_any_side_gives_finite_logits(resolution: int, pooled: bool) -> None:
    network = ResNetSmall(pooled_shortcut=pooled).network(8, 0.25)
    logits = build(network, in_channels=3, num_classes=7)(torch.randn(2, 3, resolution, resolution))
    assert logits.shape == (2, 7)
    assert logits.isfinite().all()


def test_a_seed_repeats_the_start() -> None:
    network = ResNetSmall().network(8, 0.5)
    states = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        states.append(build(network, in_channels=1, num_classes=10).state_dict())
    weights = [state["stem.0.weight"] for state in states]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_residual_branches_start_at_zero() -> None:
    module = build(ResNetSmall().network(8, 0.5), in_channels=1, num_classes=10)
    blocks = [block for block in module.modules() if isinstance(block, BasicBlock)]
    assert len(blocks) == 3
    assert all(not block.bn2.weight.any() for block in blocks)
