"""Prefetching: a thread reads the examples of the next step from the disk while this step is computed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor


class Ahead:
    """A prefetcher; `fetch` returns the pixels of the chosen examples of a step."""

    def __init__(self, fetch: Callable[[int, Tensor], Tensor], device: torch.device) -> None:
        self._fetch = fetch
        self._device = device
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._begun: dict[int, Future[Tensor]] = {}

    def begin(self, step: int, chosen: Tensor) -> None:
        """Start fetching the `chosen` examples of `step`, unless this was started before."""
        if step not in self._begun:
            self._begun[step] = self._thread.submit(self._fetched, step, chosen)

    def take(self, step: int) -> Tensor:
        """The pixels of `step`, for which `begin` was called, on the device."""
        pixels = self._begun.pop(step).result()
        return pixels.to(self._device, non_blocking=True)

    def _fetched(self, step: int, chosen: Tensor) -> Tensor:
        pixels = self._fetch(step, chosen)
        return pixels.pin_memory() if self._device.type == "cuda" else pixels
