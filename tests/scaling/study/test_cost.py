"""The closed forms of cost against the built network."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from scaling.models.build import build
from scaling.models.resnet_small import ResNetSmall
from scaling.study.cost import cost_of

NUM_CLASSES = 10


def counted(module: nn.Module, images: torch.Tensor) -> tuple[int, int, int]:
    """Parameters, FLOPs and activations of one forward pass, by torch's counter and by hooks."""
    activations = 0

    def count(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal activations
        activations += output.numel()

    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        module.eval()(images)
    return sum(p.numel() for p in module.parameters()), counter.get_total_flops(), activations


families = st.builds(
    ResNetSmall,
    base_channels=st.sampled_from([4, 7, 16]),
    stem=st.sampled_from(["plain", "deep"]),
    pooled_shortcut=st.booleans(),
    se_ratio=st.sampled_from([0.0, 0.25, 0.5]),
    activation=st.sampled_from(["relu", "silu"]),
)


@settings(max_examples=80, deadline=None)
@given(
    family=families,
    depth=st.sampled_from([8, 14, 20]),
    width=st.floats(0.5, 2),
    resolution=st.integers(4, 32),
    in_channels=st.sampled_from([1, 3]),
)
def test_costs_are_those_of_the_built_network(
    family: ResNetSmall, depth: int, width: float, resolution: int, in_channels: int
) -> None:
    network = family.network(depth, width)
    cost = cost_of(
        network, resolution=resolution, in_channels=in_channels, num_classes=NUM_CLASSES, images_seen=7
    )
    module = build(network, in_channels=in_channels, num_classes=NUM_CLASSES)
    images = torch.zeros(1, in_channels, resolution, resolution)
    assert (cost.params, cost.flops, cost.activations) == counted(module, images)
    assert cost.train_flops == 3 * cost.flops * 7


@pytest.mark.parametrize(
    "module",
    ["scaling.study.point", "scaling.study.cost", "scaling.data.catalog", "scaling.training.failure"],
)
def test_planning_needs_no_torch(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "from scaling.data.catalog import DataConfig, declare\n"
        "declare(DataConfig(name='fashion_mnist', num_val=5000))\n"
        "assert not {'torch', 'torchvision', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
