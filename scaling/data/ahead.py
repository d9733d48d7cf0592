"""Ahead: images of the next step are fetched from the disk by a thread while this step is computed."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from scaling.data.load import Split


class Ahead:
    """Of a mapped split."""

    def __init__(self, split: Split, device: torch.device) -> None:
        self._split = split
        self._device = device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._begun: dict[int, Future[Tensor]] = {}

    def begin(self, step: int, chosen: Tensor) -> None:
        """Fetch the `chosen` images of `step`, unless that was begun already."""
        if step not in self._begun:
            self._begun[step] = self._thread.submit(self._fetch, chosen)

    def take(self, step: int) -> Tensor:
        """The images of `step`, which was begun, on the device."""
        pixels = self._begun.pop(step).result()
        return pixels.to(self._device, non_blocking=True)

    def _fetch(self, chosen: Tensor) -> Tensor:
        pixels = self._split.pixels(chosen)
        return pixels.pin_memory() if self._device.type == "cuda" else pixels
