"""The largest batch of which a training step fits in a device's memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaling.models.resnet import ResNetRS
from scaling.profile.device import Device
from scaling.profile.devices import DEVICES
from scaling.profile.roofline import largest_batch
from scaling.study.memory import training_memory


@pytest.mark.parametrize("at_most", [1024, 100])
@pytest.mark.parametrize(("depth", "resolution"), [(50, 160), (152, 256), (420, 320)])
@pytest.mark.parametrize("device", list(DEVICES.values()), ids=list(DEVICES))
def test_the_batch_is_halved_until_a_step_fits(
    depth: int, resolution: int, at_most: int, device: Device
) -> None:
    network = ResNetRS().network(depth, 1)

    def fits(batch: int) -> bool:
        memory = training_memory(
            network,
            resolution=resolution,
            in_channels=3,
            num_classes=1000,
            batch_size=batch,
            precision="fp32",
            fused=device.fuses,
        )
        return memory.total <= device.memory_bytes

    batch = largest_batch(network, device, resolution=resolution, precision="fp32", at_most=at_most)
    tried = [at_most // 2**halvings for halvings in range(11) if at_most // 2**halvings]
    assert batch in tried
    assert fits(batch)
    assert not any(fits(larger) for larger in tried[: tried.index(batch)])


def test_a_batch_of_one_is_never_halved() -> None:
    crumb = replace(DEVICES["v100"], memory_bytes=1)
    assert largest_batch(ResNetRS().network(50, 1), crumb, resolution=160, precision="fp32", at_most=64) == 1
