"""Stochastic depth and dropout: where they are, what they drop, and that the mean stays."""

from __future__ import annotations

import copy

import pytest
import torch
from timm.models.efficientnet import EfficientNet as TimmEfficientNet
from torch import nn

from scaling.models.build import build
from scaling.models.drop import Drop, Drops
from scaling.models.efficientnet import EfficientNet
from scaling.models.resnet import ResNetRS
from scaling.models.resnet_small import ResNetSmall


def _paths(model: nn.Module) -> list[float]:
    return [module.rate for module in model.modules() if isinstance(module, Drop) and module.width == 1]


def test_the_groups_of_a_resnet_have_the_rates_of_the_paper() -> None:
    """c2 to c5: 2/5 to 5/5 of the rate, each block of a group the same."""
    network = ResNetRS().network(50, 0.25)
    model = build(network, in_channels=3, num_classes=10, stochastic_depth=0.1)
    assert _paths(model) == pytest.approx([0.04] * 3 + [0.06] * 4 + [0.08] * 6 + [0.1] * 3)


def test_only_blocks_with_a_shortcut_of_an_efficientnet_are_dropped() -> None:
    model = build(
        EfficientNet().network(1.0, 0.5), in_channels=3, num_classes=10, dropout=0.2, stochastic_depth=0.8
    )
    assert isinstance(model, TimmEfficientNet)
    skipping = [block for stage in model.blocks for block in stage if block.has_skip]
    assert len(_paths(model)) == len(skipping) == 9
    assert _paths(model)[-1] == pytest.approx(0.7)  # the last of 7 stages has one block, without a shortcut
    assert Drops(model).num_numbers == 9 + model.num_features


@pytest.mark.parametrize("switch", [{}, {"dropout": 0.5}, {"stochastic_depth": 0.5}])
def test_the_switches_leave_initial_weights_and_evaluation_as_they_are(switch: dict[str, float]) -> None:
    outputs = []
    for with_switch in ({}, switch):
        torch.manual_seed(0)
        model = build(ResNetSmall().network(8, 0.5), in_channels=1, num_classes=10, **with_switch)
        Drops(model).decide(torch.zeros(4, Drops(model).num_numbers))
        outputs.append(model.eval()(torch.ones(4, 1, 8, 8)))
    assert torch.equal(*outputs)


def test_a_block_that_is_dropped_is_its_shortcut() -> None:
    model = build(ResNetSmall().network(14, 0.5), in_channels=1, num_classes=10, stochastic_depth=0.9)
    for module in model.modules():  # so that branches, which start at zero, show
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    block = model.get_submodule("stages.1.1")
    values = torch.rand(3, 16, 5, 5)
    drop = block.get_submodule("drop_path")
    assert isinstance(drop, Drop)
    drop.decide(torch.tensor([[0.1], [0.999], [0.2]]))
    after = block(values)
    assert torch.equal(after[0], values[0])
    assert torch.equal(after[2], values[2])
    assert not torch.allclose(after[1], values[1])


@pytest.mark.parametrize("width", [1, 6])
def test_the_mean_stays_and_each_feature_is_dropped_at_its_rate(width: int) -> None:
    drop = Drop(0.25, width)
    drop.decide(torch.rand(20_000, width, generator=torch.Generator().manual_seed(0)))
    kept = drop(torch.ones(20_000, 6))
    assert kept.mean().item() == pytest.approx(1, abs=0.01)
    assert (kept == 0).double().mean(0).tolist() == pytest.approx([0.25] * 6, abs=0.015)
    assert (kept[:, 0] == kept[:, 1]).all().item() is (width == 1)


def test_a_copy_decides_for_itself() -> None:
    """The moving average of the weights is a copy, and drops nothing."""
    drop = Drop(0.5)
    average = copy.deepcopy(drop).eval()
    drop.decide(torch.zeros(2, 1))
    assert torch.equal(average(torch.ones(2, 3)), torch.ones(2, 3))
    assert drop(torch.ones(2, 3)).sum() == 0
