"""The family resnet3d_rs: the inflated network against the one of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from scaling.errors import Refused
from scaling.models.build import build
from scaling.models.resnet import ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS

Shake = Callable[[nn.Module], None]

VARIANTS: list[dict[str, Any]] = [
    {},
    {"stem_pool": "max", "pooled_shortcut": False},
    {"stem": "plain", "activation": "silu", "se_ratio": 0},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
@pytest.mark.parametrize(("frames", "side"), [(2, 32), (3, 33), (7, 47), (8, 64)])
def test_any_clip_gives_finite_logits(variant: dict[str, Any], frames: int, side: int) -> None:
    network = ResNet3DRS(**variant).network(26, 0.25)
    logits = build(network, in_channels=3, num_classes=7)(torch.randn(2, 3, frames, side, side))
    assert logits.shape == (2, 7)
    assert logits.isfinite().all()


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_one_frame_at_a_time_it_is_the_network_of_images(
    variant: dict[str, Any], depth: int, shake: Shake
) -> None:
    flat = build(ResNetRS(**variant).network(depth, 0.25), in_channels=3, num_classes=10).eval()
    shake(flat)
    family = ResNet3DRS(
        temporal_kernels=(1, 1, 1, 1), stem_temporal_kernel=1, stem_temporal_stride=1, **variant
    )
    inflated = build(family.network(depth, 0.25), in_channels=3, num_classes=10).eval()

    def in_time(weight: Tensor, like: Tensor) -> Tensor:
        return weight.unsqueeze(2) if like.dim() == 5 else weight

    pairs = zip(inflated.state_dict().items(), flat.state_dict().values(), strict=True)
    inflated.load_state_dict({name: in_time(weight, like) for (name, like), weight in pairs})
    images = torch.randn(2, 3, 43, 43)
    with torch.inference_mode():
        expected = flat(images)
        logits = inflated(images.unsqueeze(2).expand(-1, -1, 5, -1, -1))
    assert expected.std() > 0.1
    assert torch.allclose(logits, expected, rtol=1e-4, atol=1e-5 * float(expected.std()))


def test_frames_are_seen_together() -> None:
    torch.manual_seed(0)
    module = build(ResNet3DRS().network(26, 0.25), in_channels=3, num_classes=10).eval()
    clip = torch.randn(1, 3, 8, 32, 32)
    with torch.inference_mode():
        forwards, shuffled = module(clip), module(clip[:, :, [0, 5, 2, 7, 4, 1, 6, 3]])
    assert not torch.allclose(forwards, shuffled, rtol=1e-3)


@pytest.mark.parametrize("depth", [34, 50])
def test_kernels_in_time_are_placed_as_in_the_garden(depth: int) -> None:
    """TensorFlow model garden, official/projects/video_ssl resnet_3d: 3D-ResNet-RS."""
    module = build(ResNet3DRS().network(depth, 0.25), in_channels=3, num_classes=10)
    convolutions = {name: each for name, each in module.named_modules() if isinstance(each, nn.Conv3d)}
    stem = convolutions.pop("stem.0")
    assert (stem.kernel_size, stem.stride) == ((5, 3, 3), (2, 2, 2))
    assert {each.stride[0] for each in convolutions.values()} == {1}
    widened = {name for name, each in convolutions.items() if each.kernel_size[0] > 1}
    assert widened == {
        f"stages.{stage}.{block}.conv1" for stage, blocks in ((2, 6), (3, 3)) for block in range(blocks)
    }
    side = 3 if depth == 34 else 1
    assert {convolutions[name].kernel_size for name in widened} == {(3, side, side)}
    flat = {name for name, each in module.named_modules() if isinstance(each, nn.Conv2d | nn.BatchNorm2d)}
    assert all(".se.fc" in name for name in flat)  # after pooling there is one position


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"temporal_kernels": (1, 1, 2, 3)}, "A temporal kernel of 2 frames should be odd"),
        ({"temporal_kernels": (1, 1, 3, -1)}, "A temporal kernel of -1 frames should be odd"),
        ({"stem_temporal_kernel": 4}, "A temporal kernel of 4 frames should be odd"),
        ({"stem_temporal_kernel": 0}, "A temporal kernel of 0 frames should be odd"),
        (
            {"temporal_kernels": (1, 3, 3)},
            r"model\.temporal_kernels=\[1, 3, 3\] should have one for each",
        ),
        (
            {"temporal_kernels": (1,) * 5},
            r"model\.temporal_kernels=\[.*\] should have one for each of 4",
        ),
        ({"stem_temporal_stride": 0}, r"model\.stem_temporal_stride=0 should be from 1 to 99"),
    ],
)
def test_kernels_that_do_not_fit_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Refused, match=f"^{sentence}"):
        ResNet3DRS(**settings)
