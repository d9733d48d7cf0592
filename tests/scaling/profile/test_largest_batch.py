"""The largest batch of which a training step fits in a device's memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaling.models.resnet import ResNetRS
from scaling.profile.device import Device
from scaling.profile.devices import DEVICES
from scaling.profile.roofline import largest_batch
from scaling.study.memory import memory_of
from scaling.study.training_step import TrainingStep


@pytest.mark.parametrize("at_most", [1024, 100])
@pytest.mark.parametrize(("depth", "resolution"), [(50, 160), (152, 256), (420, 320)])
@pytest.mark.parametrize("device", list(DEVICES.values()), ids=list(DEVICES))
def test_the_batch_is_halved_until_a_step_fits(
    depth: int, resolution: int, at_most: int, device: Device
) -> None:
    step = TrainingStep(
        network=ResNetRS().network(depth, 1),
        resolution=resolution,
        in_channels=3,
        num_classes=1000,
        batch_size=at_most,
    )

    def fits(batch: int) -> bool:
        memory = memory_of(replace(step, batch_size=batch), fused=device.fuses)
        return memory.total <= device.memory_bytes

    batch = largest_batch(step, device)
    tried = [at_most // 2**halvings for halvings in range(11) if at_most // 2**halvings]
    assert batch in tried
    assert fits(batch)
    assert not any(fits(larger) for larger in tried[: tried.index(batch)])


def test_a_batch_of_one_is_never_halved() -> None:
    crumb = replace(DEVICES["v100"], memory_bytes=1)
    network = ResNetRS().network(50, 1)
    step = TrainingStep(network=network, resolution=160, in_channels=3, num_classes=1000, batch_size=64)
    assert largest_batch(step, crumb) == 1
