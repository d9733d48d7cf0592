"""Memory of a training step: what it grows with, what shrinks it, and that its parts add up."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from scaling.models.efficientnet import EfficientNet, EfficientNetRS
from scaling.models.families import Family
from scaling.models.layer import Grid
from scaling.models.network import Network
from scaling.models.resnet import ResNet, ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.cost import cost_of
from scaling.study.form import keeps_indices, kept_tensors
from scaling.study.memory import Memory, memory_of
from scaling.study.precision import Precision
from scaling.study.training_step import TrainingStep

NUM_CLASSES = 10

each_network = pytest.mark.parametrize(
    ("network", "resolution", "frames"),
    [
        (ResNetSmall().network(20, 1), 28, 1),
        (ResNet().network(50, 0.25), 65, 1),
        (ResNetRS(activation="silu").network(101, 0.25), 64, 1),
        (EfficientNet().network(1, 0.25), 96, 1),
        (ResNetRS().network(50, 1), 96, 1),
        (EfficientNetRS(se_ratio=0).network(1.4, 1), 64, 1),
        (ResNet3DRS(stem_pool="max").network(26, 0.25), 48, 8),
    ],
    ids=[
        "resnet_small",
        "resnet",
        "resnet_rs",
        "efficientnet",
        "resnet_rs wide",
        "efficientnet_rs",
        "resnet3d_rs",
    ],
)


def estimate(
    network: Network,
    resolution: int,
    frames: int = 1,
    batch_size: int = 32,
    *,
    fused: bool = False,
    **how: Any,
) -> Memory:
    step = TrainingStep(
        network=network,
        resolution=resolution,
        frames=frames,
        in_channels=3,
        num_classes=NUM_CLASSES,
        batch_size=batch_size,
        **how,
    )
    return memory_of(step, fused=fused)


@each_network
def test_bf16_halves_the_activations(network: Network, resolution: int, frames: int) -> None:
    indices = sum(
        8 * layer.out_channels * layer.at.positions(resolution, frames)
        for part in network.parts(3, NUM_CLASSES)
        for layer in part.block.layers()
        if keeps_indices(layer)
    )
    for batch_size in (1, 4, 32, 256, 10**6):
        wide = estimate(network, resolution, frames, batch_size)
        half = estimate(network, resolution, frames, batch_size, precision="bf16")
        slack = indices * batch_size  # which do not halve
        assert 2 * half.activations <= wide.activations + slack  # another moment may be the fullest
        assert half.gradients >= wide.gradients
    assert 2 * half.activations == wide.activations + slack  # beside a million images, gradients are nothing


@each_network
def test_memory_grows_with_batch_resolution_and_frames(
    network: Network, resolution: int, frames: int
) -> None:
    totals = [estimate(network, resolution, frames, batch).total for batch in (1, 2, 8, 256, 512)]
    assert totals == sorted(totals)
    assert 1.8 * totals[-2] < totals[-1] < 2 * totals[-2]
    sides = [estimate(network, side, frames).total for side in range(resolution, 4 * resolution, 8)]
    assert sides == sorted(sides)
    assert sides[-1] > 8 * sides[0]
    if network.takes_clips:
        assert (
            estimate(network, resolution, 4 * frames).total > 3 * estimate(network, resolution, frames).total
        )


@pytest.mark.parametrize(
    ("family", "depths"),
    [
        (ResNetSmall(), (8, 14, 20, 56)),
        (ResNet(), (14, 26, 50, 101, 420)),
        (ResNetRS(), (14, 26, 50, 101, 420)),
        (EfficientNet(), (1, 1.2, 1.8, 3.1)),
        (ResNet3DRS(), (14, 26, 50)),
    ],
)
def test_memory_grows_with_depth_and_width(family: Family, depths: tuple[float, ...]) -> None:
    totals = [estimate(family.network(depth, 1), 64).total for depth in depths]
    assert all(less < more for less, more in pairwise(totals))
    widths = [estimate(family.network(depths[1], width), 64).total for width in (0.25, 0.5, 1, 2)]
    assert all(less < more for less, more in pairwise(widths))


@each_network
def test_a_compiler_that_fuses_keeps_less(network: Network, resolution: int, frames: int) -> None:
    eager, fused = (estimate(network, resolution, frames, fused=fused) for fused in (False, True))
    assert fused.activations < 0.85 * eager.activations
    assert (fused.weights, fused.optimizer) == (eager.weights, eager.optimizer)


@each_network
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("num_moments", "average"), [(1, True), (2, False), (0, False)])
def test_the_breakdown_adds_up(
    network: Network,
    resolution: int,
    frames: int,
    precision: Precision,
    num_moments: int,
    average: bool,
) -> None:
    params = cost_of(
        TrainingStep(network=network, resolution=64, in_channels=3, num_classes=NUM_CLASSES), images_seen=1
    ).params
    memory = estimate(
        network, resolution, frames, precision=precision, num_moments=num_moments, average=average
    )
    parts = (memory.weights, memory.optimizer, memory.gradients, memory.activations)
    assert memory.total == sum(parts)
    assert min(parts[0], *parts[2:]) > 0
    assert memory.weights == params * (4 if precision == "fp32" else 6)
    assert memory.optimizer == 4 * params * (num_moments + average)
    assert memory.gradients <= 8 * params


def walked_back(network: Network, resolution: int, frames: int, batch_size: int) -> int:
    """Bytes at the fullest moment, with the backward pass taken one block at a time."""
    blocks = [
        list(part.block.layers()) for part in network.parts(3, NUM_CLASSES) for _ in range(part.repeats)
    ]

    def elements(channels: int, grid: Grid) -> int:
        return channels * grid.positions(resolution, frames)

    kept = [
        sum(
            (kept_tensors(layer) + 2 * keeps_indices(layer)) * elements(layer.out_channels, layer.at)
            for layer in block
        )
        for block in blocks
    ]
    gradients = fullest = 0
    for number in reversed(range(len(blocks))):
        gradients += sum(layer.params for layer in blocks[number])
        working = max(
            elements(layer.in_channels, layer.source) + elements(layer.out_channels, layer.at)
            for layer in blocks[number]
        )
        images = 3 * resolution**2 * frames
        fullest = max(fullest, gradients + batch_size * (images + sum(kept[: number + 1]) + working))
    params = gradients
    return 4 * (3 * params + max(fullest, 2 * params))


@each_network
@pytest.mark.parametrize("batch_size", [1, 2, 4, 16, 128])
def test_the_fullest_moment_is_found(network: Network, resolution: int, frames: int, batch_size: int) -> None:
    memory = estimate(network, resolution, frames, batch_size)
    assert memory.total == walked_back(network, resolution, frames, batch_size)


def test_where_images_are_few_the_update_is_the_fullest_moment() -> None:
    network = ResNet().network(101, 1)
    memory = estimate(network, 32, batch_size=1)
    assert (memory.gradients, memory.activations) == (2 * memory.weights, 0)
