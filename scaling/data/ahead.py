"""Ahead: what the next step takes is fetched from the disk by a thread while this step is computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor


class Ahead:
    """Prefetches with `fetch`, which gives the pixels of a step and its chosen examples."""

    def __init__(self, fetch: Callable[[int, Tensor], Tensor], device: torch.device) -> None:
        self._fetch = fetch
        self._device = device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._begun: dict[int, Future[Tensor]] = {}

    def begin(self, step: int, chosen: Tensor) -> None:
        """Fetch the `chosen` examples of `step`, unless that was begun already."""
        if step not in self._begun:
            self._begun[step] = self._thread.submit(self._fetched, step, chosen)

    def take(self, step: int) -> Tensor:
        """The pixels of `step`, which was begun, on the device."""
        pixels = self._begun.pop(step).result()
        return pixels.to(self._device, non_blocking=True)

    def _fetched(self, step: int, chosen: Tensor) -> Tensor:
        pixels = self._fetch(step, chosen)
        return pixels.pin_memory() if self._device.type == "cuda" else pixels
