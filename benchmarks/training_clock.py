"""The clock of the training benchmark, which every way calls at the start of each step."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import torch

from scaling.training.device import synchronize

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The measurements of one run."""

    cpu_rate: float
    """Images per CPU second of the process, the median over all epochs but the first."""
    wall_rate: float
    """Images per second of wall time, likewise."""
    waiting: float
    """Share of the wall time spent waiting for images."""
    top1: float
    """Top-1 of the averaged weights on the test images, in percent."""


class Clock:
    """Times the epochs of a run; `device` is synchronized before each reading."""

    def __init__(self, steps_per_epoch: int, device: torch.device) -> None:
        self._steps = steps_per_epoch
        self._device = device
        self._asked = 0
        self._read: list[tuple[float, float]] = []
        self._waited = 0.0

    def __call__(self) -> bool:
        """Note the start of a step; returns False, since our loop calls it as its `should_stop`."""
        if self._asked % self._steps in (0, self._steps - 1):
            synchronize(self._device)
            self._read.append((time.process_time(), time.perf_counter()))
        self._asked += 1
        return False

    def over(self, loader: Iterable[T]) -> Iterator[T]:
        """Yield the batches of an epoch, noting the start of each step and the time spent waiting."""
        batches = iter(loader)
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            if self._asked >= self._steps:
                self._waited += time.perf_counter() - started
            if batch is None:
                return
            self()
            yield batch

    def seconds_a_step(self) -> tuple[float, float]:
        """CPU and wall seconds per step, each the median over all epochs but the first."""
        spans = zip(self._read[2::2], self._read[3::2], strict=True)
        cpu, wall = zip(*((last[0] - first[0], last[1] - first[1]) for first, last in spans), strict=True)
        return median(cpu) / (self._steps - 1), median(wall) / (self._steps - 1)

    def trained(self, batch_size: int, top1: float, batch_seconds: float | None = None) -> Trained:
        """The measurements; `batch_seconds` is the time to make a batch, for loops without a loader."""
        cpu, wall = self.seconds_a_step()
        if batch_seconds is None:
            batch_seconds = self._waited / (self._asked - self._steps)
        return Trained(
            cpu_rate=batch_size / cpu, wall_rate=batch_size / wall, waiting=batch_seconds / wall, top1=top1
        )
