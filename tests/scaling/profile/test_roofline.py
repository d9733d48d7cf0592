"""The roofline against sums done by hand, and what must hold on every device."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from scaling.errors import Refused
from scaling.models.efficientnet import EfficientNet
from scaling.models.families import Family
from scaling.models.network import Network
from scaling.models.resnet import ResNet, ResNetRS
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.profile.device import Device
from scaling.profile.devices import DEVICES
from scaling.profile.roofline import LayerTime, Work, predict
from scaling.study.cost import cost_of
from scaling.study.training_step import TrainingStep

V100, CPU = DEVICES["v100"], DEVICES["cpu"]

RESNETS: dict[str, tuple[Network, int, int]] = {
    # network, resolution, frames; all convolutions are dense
    "resnet_small": (ResNetSmall().network(20, 1), 32, 1),
    "resnet": (ResNet().network(50, 1), 224, 1),
    "resnet_rs": (ResNetRS().network(50, 1), 160, 1),
    "resnet_rs max-pool": (ResNetRS(stem_pool="max", activation="silu").network(50, 0.3), 161, 1),
    "resnet3d_rs": (ResNet3DRS().network(26, 0.5), 64, 9),
}
NETWORKS = RESNETS | {
    "efficientnet": (EfficientNet().network(1, 1), 224, 1),
    "efficientnet without SE": (EfficientNet(se_ratio=0).network(1.4, 1.2), 300, 1),
}
each_device = pytest.mark.parametrize("device", list(DEVICES.values()), ids=list(DEVICES))
each_network = pytest.mark.parametrize(
    ("network", "resolution", "frames"), list(NETWORKS.values()), ids=list(NETWORKS)
)


def layers_of(
    network: Network,
    device: Device,
    resolution: int,
    frames: int = 1,
    batch_size: int = 32,
    work: Work = "inference",
) -> dict[str, LayerTime]:
    """The prediction by layer, at the precision that the device does first."""
    step = TrainingStep(
        network=network,
        resolution=resolution,
        frames=frames,
        in_channels=3,
        num_classes=1000,
        batch_size=batch_size,
        precision=next(iter(device.matrix_flops)),
    )
    prediction = predict(step, device, work)
    assert prediction.seconds == pytest.approx(sum(layer.seconds for layer in prediction.layers))
    assert prediction.seconds_per_image == pytest.approx(prediction.seconds / batch_size)
    layers = {layer.name: layer for layer in prediction.layers}
    assert len(layers) == len(prediction.layers)
    return layers


def seconds(layers: dict[str, LayerTime]) -> float:
    return sum(layer.seconds for layer in layers.values())


@pytest.mark.parametrize(
    ("name", "device"), [*((name, V100) for name in RESNETS), *((name, CPU) for name in NETWORKS)]
)
def test_arithmetic_without_padding_is_the_cost(name: str, device: Device) -> None:
    network, resolution, frames = NETWORKS[name]
    rate = device.matrix_flops["fp32"]
    assert device.tile == 1
    assert device.vector_flops == rate
    layers = layers_of(network, device, resolution, frames, batch_size=7)
    flops = sum(layer.arithmetic_seconds for layer in layers.values()) * rate
    cost = cost_of(
        TrainingStep(network=network, resolution=resolution, frames=frames, in_channels=3, num_classes=1000),
        images_seen=1,
    )
    assert flops == pytest.approx(7 * cost.flops, rel=1e-12)


def test_seconds_of_some_layers_by_hand() -> None:
    layers = layers_of(ResNet().network(50, 1), V100, 224, batch_size=2)
    # 7x7 convolution of 3 x 224^2 to 64 x 112^2, batch norm and ReLU, which both read and write
    flops = 2 * 2 * 112**2 * 64 * 3 * 49
    tensors = 2 * 3 * 224**2 + 2 * 64 * 112**2 + 64 * 3 * 49
    passes = [max(flops / 15.7e12, 4 * tensors / 900e9), *[4 * 2 * (2 * 64 * 112**2) / 900e9] * 2]
    assert layers["stem.conv1"].seconds == pytest.approx(sum(passes))
    # the classifier is bound by its weights
    elements = 2 * 2048 + 2 * 1000 + 2048 * 1000
    assert layers["head.classifier"].seconds == pytest.approx(4 * elements / 900e9)
    assert layers["head.classifier"].arithmetic_seconds == pytest.approx(2 * 2 * 2048 * 1000 / 15.7e12)
    # two sums of 256 x 56^2 read two and write one; then the ReLU
    assert layers["stage1.rest.add"].seconds == pytest.approx(2 * 5 * 4 * 2 * 256 * 56**2 / 900e9)


@pytest.mark.parametrize(
    ("name", "padding"), [("v100", 1), ("a100", 1), ("h100", 1), ("tpu_v3", 4), ("tpu_v4", 4), ("tpu_v5e", 4)]
)
def test_64_channels_fill_a_quarter_of_a_tpus_matrix_unit(name: str, padding: int) -> None:
    device = DEVICES[name]
    layers = layers_of(ResNet().network(50, 1), device, 224)
    rate = next(iter(device.matrix_flops.values()))
    for layer, flops, factor in [
        ("stage1.rest.conv2", 2 * 2 * 32 * 56**2 * 9 * 64 * 64, padding),  # two blocks
        ("stage3.rest.conv2", 5 * 2 * 32 * 14**2 * 9 * 256 * 256, 1),
    ]:
        assert layers[layer].arithmetic_seconds == pytest.approx(factor * flops / rate)


@pytest.mark.parametrize(("batch_size", "stored"), [(1, 8 * 128), (32, 32 * 128), (128, 128 * 64)])
def test_64_channels_are_padded_in_a_tpus_memory_as_the_batch_allows(batch_size: int, stored: int) -> None:
    device = DEVICES["tpu_v4"]
    layers = layers_of(ResNet().network(50, 1), device, 224, batch_size=batch_size)
    moved = 2 * stored * (112**2 + 56**2)
    assert layers["stem.pool"].seconds == pytest.approx(moved / device.bandwidth)
    assert layers["stem.pool"].arithmetic_seconds == 0


@each_network
@each_device
def test_a_layer_takes_its_arithmetic_or_its_traffic(
    network: Network, resolution: int, frames: int, device: Device
) -> None:
    for layer in layers_of(network, device, resolution, frames, work="training").values():
        assert layer.seconds >= 0.999999 * max(layer.arithmetic_seconds, layer.memory_seconds)
        if not layer.name.endswith("depthwise"):
            assert layer.seconds <= 1.000001 * (layer.arithmetic_seconds + layer.memory_seconds)


@each_network
@each_device
def test_twice_the_bandwidth_halves_the_traffic(
    network: Network, resolution: int, frames: int, device: Device
) -> None:
    faster = replace(device, bandwidth=2 * device.bandwidth)
    before, after = (layers_of(network, each, resolution, frames) for each in (device, faster))
    for name, layer in before.items():
        assert after[name].memory_seconds == pytest.approx(layer.memory_seconds / 2)
        assert after[name].arithmetic_seconds == layer.arithmetic_seconds
        assert layer.seconds / 2 <= 1.000001 * after[name].seconds <= 1.000002 * layer.seconds


@each_network
@each_device
def test_training_takes_two_to_four_times_inference(
    network: Network, resolution: int, frames: int, device: Device
) -> None:
    inference, training = (
        layers_of(network, device, resolution, frames, work=work) for work in ("inference", "training")
    )
    # Where norms are fused they cost nothing in inference, but reductions in training.
    assert 2 < seconds(training) / seconds(inference) < (5 if device.fuses else 4)


@each_network
def test_the_first_layer_alone_needs_no_gradient_of_its_input(
    network: Network, resolution: int, frames: int
) -> None:
    inference, training = (
        layers_of(network, CPU, resolution, frames, work=work) for work in ("inference", "training")
    )
    passes = {
        name: training[name].arithmetic_seconds / layer.arithmetic_seconds
        for name, layer in inference.items()
        if layer.arithmetic_seconds
    }
    assert len(passes) > 10
    first = next(iter(passes))
    assert passes.pop(first) == pytest.approx(2)
    assert {name for name, count in passes.items() if count != pytest.approx(3)} == set()


@pytest.mark.parametrize(
    "family", [ResNetSmall(), ResNet(), ResNetRS(), EfficientNet()], ids=lambda each: type(each).__name__
)
@pytest.mark.parametrize("work", ["inference", "training"])
@each_device
def test_predictions_rise_with_resolution_width_and_batch(family: Family, work: Work, device: Device) -> None:
    depth = {ResNetSmall: 14, EfficientNet: 1.0}.get(type(family), 26)
    narrow, wide = family.network(depth, 0.5), family.network(depth, 1.5)
    by_width = [seconds(layers_of(each, device, 96, work=work)) for each in (narrow, wide)]
    by_side = [seconds(layers_of(narrow, device, side, work=work)) for side in (32, 64, 65, 128, 256)]
    by_batch = [seconds(layers_of(narrow, device, 64, batch_size=n, work=work)) for n in (1, 64, 256)]
    for series in (by_width, by_side, by_batch):
        assert all(less < more for less, more in pairwise(series))


def test_a_precision_that_a_device_lacks_is_refused() -> None:
    network = ResNet().network(50, 1)
    step = TrainingStep(
        network=network, resolution=224, in_channels=3, num_classes=1000, batch_size=1, precision="bf16"
    )
    sentence = r"^precision=bf16 is not supported by NVIDIA V100 SXM2 32 GB: use fp32\.$"
    with pytest.raises(Refused, match=sentence):
        predict(step, V100, "inference")
