"""The closed forms of cost against the built networks of every family."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from scaling.models.build import build
from scaling.models.efficientnet import EfficientNet, EfficientNetRS
from scaling.models.network import Network
from scaling.models.resnet import ResNet, ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.cost import cost_of
from scaling.study.training_step import TrainingStep


class Activations(TorchDispatchMode):
    """Counts what convolutions and products put out."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        output = func(*args, **(kwargs or {}))
        if func.overloadpacket.__name__ in ("convolution", "addmm"):
            self.total += output.numel()
        return output


def counted(module: nn.Module, images: torch.Tensor) -> tuple[int, int, int]:
    """Parameters, FLOPs and activations of one forward pass."""
    with FlopCounterMode(display=False) as flops, Activations() as activations, torch.no_grad():
        module.eval()(images)
    return sum(p.numel() for p in module.parameters()), flops.get_total_flops(), activations.total


def assert_costs_are_counted(
    network: Network, resolution: int, in_channels: int, num_classes: int, frames: int = 1
) -> None:
    """Every cost is, to the digit, what one image or clip is counted to cost, without computing on it."""
    cost = cost_of(
        TrainingStep(
            network=network,
            resolution=resolution,
            frames=frames,
            in_channels=in_channels,
            num_classes=num_classes,
        ),
        images_seen=7,
    )
    clip = (frames,) if network.takes_clips else ()
    with torch.device("meta"):
        module = build(network, in_channels=in_channels, num_classes=num_classes)
        images = torch.zeros(1, in_channels, *clip, resolution, resolution)
        assert (cost.params, cost.flops, cost.activations) == counted(module, images)
    assert cost.train_flops == 3 * cost.flops * 7


PHASES = [Phase.reuse, Phase.generate]
"""Without shrinking, which would build hundreds of networks before it says what is wrong."""

stems = st.sampled_from(["plain", "deep"])
ratios = st.sampled_from([0.0, 0.1, 0.25, 0.5])
activations = st.sampled_from(["relu", "silu"])
widths = st.floats(0.25, 2)
in_channels = st.sampled_from([1, 3, 4])
classes = st.sampled_from([10, 1000])

small = st.builds(
    ResNetSmall,
    base_channels=st.sampled_from([8, 9, 16]),
    stem=stems,
    pooled_shortcut=st.booleans(),
    se_ratio=ratios,
    activation=activations,
)
efficient = st.sampled_from([EfficientNet, EfficientNetRS]).flatmap(
    lambda kind: st.builds(kind, se_ratio=ratios, activation=activations)
)
resnet_switches = {
    "base_channels": st.sampled_from([64, 37]),
    "stem": stems,
    "stem_pool": st.sampled_from(["max", "conv"]),
    "pooled_shortcut": st.booleans(),
    "se_ratio": ratios,
    "activation": activations,
}
resnets = st.builds(ResNet, **resnet_switches)  # type: ignore[arg-type]
odd_kernels = st.sampled_from([1, 3, 5])
clips = st.builds(
    ResNet3DRS,
    stem_temporal_kernel=odd_kernels,
    stem_temporal_stride=st.sampled_from([1, 2, 3]),
    temporal_kernels=st.tuples(odd_kernels, odd_kernels, odd_kernels, odd_kernels),
    **resnet_switches,  # type: ignore[arg-type]
)


@settings(max_examples=45, deadline=None, phases=PHASES)
@given(small, st.sampled_from([8, 14, 20]), widths, st.integers(4, 64), in_channels, classes)
def test_costs_of_resnet_small(
    family: ResNetSmall, depth: int, width: float, resolution: int, in_channels: int, num_classes: int
) -> None:
    assert_costs_are_counted(family.network(depth, width), resolution, in_channels, num_classes)


@settings(max_examples=45, deadline=None, phases=PHASES)
@given(
    resnets,
    st.sampled_from([14, 18, 26, 34, 35, 50, 152, 302]),
    widths,
    st.integers(32, 320),
    in_channels,
    classes,
)
def test_costs_of_resnet(
    family: ResNet, depth: int, width: float, resolution: int, in_channels: int, num_classes: int
) -> None:
    assert_costs_are_counted(family.network(depth, width), resolution, in_channels, num_classes)


@pytest.mark.parametrize("family", [ResNetRS(), ResNetRS(stem_pool="max")], ids=lambda each: each.stem_pool)
@settings(max_examples=20, deadline=None, phases=PHASES)
@given(
    depth=st.sampled_from([18, 26, 50, 101, 233, 395]),
    width=widths,
    resolution=st.integers(32, 320),
    in_channels=in_channels,
    num_classes=classes,
)
def test_costs_of_resnet_rs(
    family: ResNetRS, depth: int, width: float, resolution: int, in_channels: int, num_classes: int
) -> None:
    assert_costs_are_counted(family.network(depth, width), resolution, in_channels, num_classes)


@settings(max_examples=35, deadline=None, phases=PHASES)
@given(efficient, st.floats(0.3, 3.1), widths, st.integers(32, 380), in_channels, classes)
def test_costs_of_efficientnet(
    family: EfficientNet, depth: float, width: float, resolution: int, in_channels: int, num_classes: int
) -> None:
    assert_costs_are_counted(family.network(depth, width), resolution, in_channels, num_classes)


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(
    clips,
    st.sampled_from([14, 18, 26, 50, 101, 200]),
    widths,
    st.integers(32, 224),
    in_channels,
    classes,
    st.integers(3, 33),
)
def test_costs_of_resnet3d_rs(
    family: ResNet3DRS,
    depth: int,
    width: float,
    resolution: int,
    in_channels: int,
    num_classes: int,
    frames: int,
) -> None:
    assert_costs_are_counted(family.network(depth, width), resolution, in_channels, num_classes, frames)


@pytest.mark.parametrize(
    "module",
    [
        "scaling.study.point",
        "scaling.study.cost",
        "scaling.study.memory",
        "scaling.data.catalog",
        "scaling.training.failure",
        "scaling.models.families",
        "scaling.profile.roofline",
        "scaling.profile.devices",
    ],
)
def test_planning_needs_no_torch(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "from scaling.data.catalog import DataConfig, declare\n"
        "declare(DataConfig(name='fashion_mnist', num_val=5000))\n"
        "assert not {'torch', 'torchvision', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
