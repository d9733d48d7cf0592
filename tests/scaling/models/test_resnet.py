"""The families resnet and resnet_rs against torchvision's and timm's networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
import torchvision
from torch import nn

from scaling.errors import Refused
from scaling.models.build import build
from scaling.models.resnet import ResNet, ResNetRS
from scaling.study.cost import cost_of
from scaling.study.training_step import TrainingStep

Shake = Callable[[nn.Module], None]


def shapes(module: nn.Module) -> list[tuple[int, ...]]:
    """Of all weights and statistics, in order."""
    return [tuple(tensor.shape) for tensor in module.state_dict().values()]


@pytest.mark.parametrize("depth", [18, 34, 50, 101])
def test_resnet_has_the_weights_of_torchvisions(depth: int) -> None:
    network = ResNet().network(depth, 1)
    with torch.device("meta"):
        theirs = getattr(torchvision.models, f"resnet{depth}")(weights=None)
        ours = build(network, in_channels=3, num_classes=1000)
    cost = cost_of(
        TrainingStep(network=network, resolution=224, in_channels=3, num_classes=1000), images_seen=1
    )
    assert cost.params == sum(each.numel() for each in theirs.parameters())
    assert shapes(ours) == shapes(theirs)
    assert network.num_layers == depth


@pytest.mark.parametrize("depth", [50, 101])
def test_resnet_rs_has_the_weights_of_timms(depth: int) -> None:
    with torch.device("meta"):
        theirs = timm.create_model(f"resnetrs{depth}", pretrained=False)
        ours = build(ResNetRS().network(depth, 1), in_channels=3, num_classes=1000)
    assert shapes(ours) == shapes(theirs)


@pytest.mark.parametrize(
    ("family", "depth", "name", "settings"),
    [
        (ResNet(), 18, "resnet18", {}),
        (ResNet(), 50, "resnet50", {}),
        (ResNet(stem="deep", pooled_shortcut=True), 26, "resnet26d", {}),
        (ResNet(activation="silu"), 26, "resnet26", {"act_layer": "silu"}),
        (
            ResNet(activation="silu", se_ratio=0.0625),
            34,
            "resnet34",
            {"act_layer": "silu", "block_args": {"attn_layer": "se"}},
        ),
        (ResNetRS(), 50, "resnetrs50", {}),
    ],
)
def test_equal_weights_give_timms_logits(
    family: ResNet, depth: int, name: str, settings: dict[str, Any], shake: Shake
) -> None:
    theirs = timm.create_model(name, pretrained=False, **settings).eval()
    shake(theirs)
    ours = build(family.network(depth, 1), in_channels=3, num_classes=1000).eval()
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    images = torch.randn(2, 3, 75, 75)
    with torch.inference_mode():
        logits, expected = ours(images), theirs(images)
    assert expected.std() > 0.1
    assert torch.allclose(logits, expected, rtol=1e-5, atol=1e-5 * float(expected.std()))


SWITCHES: list[dict[str, Any]] = [
    {"stem": "deep"},
    {"stem_pool": "conv"},
    {"pooled_shortcut": True},
    {"se_ratio": 0.25},
    {"activation": "silu"},
    {"base_channels": 48},
]


@pytest.mark.parametrize("depth", [18, 26])
@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: next(iter(switch)))
def test_every_switch_changes_the_parts_and_still_runs(switch: dict[str, Any], depth: int) -> None:
    plain, changed = ResNet().network(depth, 0.25), ResNet(**switch).network(depth, 0.25)
    assert list(changed.parts(3, 10)) != list(plain.parts(3, 10))
    assert changed != plain
    logits = build(changed, in_channels=3, num_classes=10)(torch.randn(2, 3, 33, 33))
    assert logits.shape == (2, 10)
    assert logits.isfinite().all()


def test_all_switches_together_are_resnet_rs() -> None:
    switches = ResNet(stem="deep", stem_pool="conv", pooled_shortcut=True, se_ratio=0.25)
    assert switches.network(50, 1) == ResNetRS().network(50, 1)


@pytest.mark.parametrize("family", [ResNet(), ResNetRS(), ResNetRS(stem_pool="max")], ids=repr)
@pytest.mark.parametrize(("width", "channels"), [(0.03125, 2), (0.3, 19), (1.7, 109)])
def test_any_width_builds_and_runs(family: ResNet, width: float, channels: int) -> None:
    network = family.network(14, width)
    assert [stage.channels for stage in network.stages] == [channels * 2**index for index in range(4)]
    logits = build(network, in_channels=1, num_classes=7)(torch.randn(2, 1, 32, 32))
    assert logits.shape == (2, 7)
    assert logits.isfinite().all()


@pytest.mark.parametrize(
    ("depth", "width", "sentence"),
    [
        (1.5, 1, r"depth=1\.5 should be a whole number: a ResNet counts its layers\."),
        (
            50,
            0.01,
            r"width=0\.01 gives 1 channels in the first stage of 64: use .* at least 0\.03125\.",
        ),
        (50, -1, r"width=-1 gives 0 channels in the first stage of 64: use .* at least 0\.03125\."),
        (60, 1, r"depth=60 cannot be built: the nearest are 59 and 62\."),
        (13, 1, r"depth=13 cannot be built: the nearest is 14\."),
    ],
)
def test_what_cannot_be_built_is_refused(depth: float, width: float, sentence: str) -> None:
    with pytest.raises(Refused, match=f"^{sentence}$"):
        ResNetRS().network(depth, width)
