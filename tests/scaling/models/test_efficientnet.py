"""The families efficientnet and efficientnet_rs against timm's networks, and their ladders of resolutions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import timm
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from scaling.errors import Refused
from scaling.models.build import build
from scaling.models.efficientnet import EfficientNet, EfficientNetRS

Shake = Callable[[nn.Module], None]

MEMBERS = [
    # width, depth, resolution: Tan and Le 2019's published code
    (1.0, 1.0, 224),
    (1.0, 1.1, 240),
    (1.1, 1.2, 260),
    (1.2, 1.4, 300),
    (1.4, 1.8, 380),
    (1.6, 2.2, 456),
    (1.8, 2.6, 528),
    (2.0, 3.1, 600),
]
DEPTHS = [depth for _, depth, _ in MEMBERS]
FAST = [resolution for _, _, resolution in MEMBERS]
SLOW = [224, 232, 240, 256, 288, 320, 344, 368]


@pytest.mark.parametrize(("number", "member"), list(enumerate(MEMBERS)))
def test_the_weights_are_those_of_timms(number: int, member: tuple[float, float, int]) -> None:
    width, depth, _ = member
    with torch.device("meta"):
        theirs = timm.create_model(f"efficientnet_b{number}", pretrained=False)
        ours = build(EfficientNet().network(depth, width), in_channels=3, num_classes=1000)
    shapes = {name: tensor.shape for name, tensor in theirs.state_dict().items()}
    assert {name: tensor.shape for name, tensor in ours.state_dict().items()} == shapes
    assert list(ours.state_dict()) == list(shapes)


def test_equal_weights_give_timms_logits(shake: Shake) -> None:
    theirs = timm.create_model("efficientnet_b0", pretrained=False).eval()
    shake(theirs)
    ours = build(EfficientNet().network(1, 1), in_channels=3, num_classes=1000).eval()
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True)))
    images = torch.randn(2, 3, 75, 75)
    with torch.inference_mode():
        logits, expected = ours(images), theirs(images)
    assert expected.std() > 1e-3
    assert torch.allclose(logits, expected, rtol=1e-5, atol=1e-5 * float(expected.std()))


@pytest.mark.parametrize("family", [EfficientNet(se_ratio=0), EfficientNet(activation="relu")], ids=repr)
@pytest.mark.parametrize(("depth", "width"), [(0.5, 0.25), (1.25, 0.37), (3.1, 0.3)])
def test_variants_build_and_run(family: EfficientNet, depth: float, width: float) -> None:
    network = family.network(depth, width)
    assert list(network.parts(1, 7)) != list(EfficientNet().network(depth, width).parts(1, 7))
    logits = build(network, in_channels=1, num_classes=7)(torch.randn(2, 1, 33, 33))
    assert logits.shape == (2, 7)
    assert logits.isfinite().all()


@pytest.mark.parametrize(("family", "ladder"), [(EfficientNet(), FAST), (EfficientNetRS(), SLOW)])
def test_members_stand_on_the_ladder(family: EfficientNet, ladder: list[int]) -> None:
    assert [family.ladder_resolution(depth) for depth in DEPTHS] == ladder


def test_the_slow_ladder_grows_half_as_fast_on_a_log_scale() -> None:
    assert [round(224 * (fast / 224) ** 0.5 / 8) * 8 for fast in FAST] == SLOW


@pytest.mark.parametrize("family", [EfficientNet(), EfficientNetRS()])
@given(depth=st.floats(DEPTHS[0], DEPTHS[-1]))
def test_between_members_the_ladder_is_between_theirs(family: EfficientNet, depth: float) -> None:
    pixels = family.ladder_resolution(depth)
    (index, *_) = (index for index, (low, high) in enumerate(pairwise(DEPTHS)) if low <= depth <= high)
    assert family.ladder[index] <= pixels <= family.ladder[index + 1]
    assert pixels % 4 == 0
    assert EfficientNetRS().ladder_resolution(depth) <= EfficientNet().ladder_resolution(depth)


@given(depths=st.tuples(st.floats(1, 3.1), st.floats(1, 3.1)).map(sorted))
def test_a_deeper_network_never_stands_lower(depths: list[float]) -> None:
    low, high = (EfficientNet().ladder_resolution(depth) for depth in depths)
    assert low <= high


def test_a_slower_ladder_leaves_the_networks_as_they_are() -> None:
    assert EfficientNetRS().network(1.4, 1.2) == EfficientNet().network(1.4, 1.2)


@pytest.mark.parametrize("depth", [0.99, 3.2, 0, 50])
def test_beyond_the_members_there_is_no_ladder(depth: float) -> None:
    with pytest.raises(Refused, match=rf"depth 1 \(B0\) to 3\.1 \(B7\), not to {depth:g}: give"):
        EfficientNet().ladder_resolution(depth)


@pytest.mark.parametrize(
    ("depth", "width", "sentence"),
    [
        (
            50,
            1,
            r"depth=50 cannot be built: an EfficientNet multiplies the blocks of B0, from .* 20 at most",
        ),
        (0, 1, "depth=0 cannot be built: an EfficientNet multiplies the blocks of B0"),
        (-1, 1, "depth=-1 cannot be built"),
        (1, 0.1, r"width=0\.1 .*: use a width of at least 0\.25"),
        (1, -1, r"width=-1 .*: use a width of at least 0\.25"),
    ],
)
def test_what_cannot_be_built_is_refused(depth: float, width: float, sentence: str) -> None:
    with pytest.raises(Refused, match=f"^{sentence}"):
        EfficientNet().network(depth, width)


@pytest.mark.parametrize("ladder", [(224, 240), (224, 240, 260, 300, 380, 456, 528, 512), ()])
def test_a_bad_ladder_is_refused(ladder: tuple[int, ...]) -> None:
    with pytest.raises(Refused, match=r"^model\.ladder=.* should be 8 resolutions, for B0 to B7"):
        EfficientNet(ladder=ladder)
