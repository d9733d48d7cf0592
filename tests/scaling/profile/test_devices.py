"""The table of devices, and how one is found in it."""

from __future__ import annotations

import pytest

from scaling.errors import Refused
from scaling.profile.devices import DEVICES, device_of


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("v10", "did you mean v100"), ("tpuv3", "did you mean tpu_v3"), ("x", "known are v100, ")],
)
def test_an_unknown_device_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(Refused, match=rf"^device={name} has no specification here: {sentence}"):
        device_of(name)


@pytest.mark.parametrize("name", list(DEVICES))
def test_every_device_is_specified_and_says_where(name: str) -> None:
    device = device_of(name)
    numbers = (*device.matrix_flops.values(), device.vector_flops, device.bandwidth, device.memory_bytes)
    assert device.matrix_flops
    assert all(number > 0 for number in (*numbers, device.tile, *device.layout))
    assert device.sources
    assert all(len(source) > 10 for source in device.sources)
    assert max(device.matrix_flops.values()) >= device.vector_flops
