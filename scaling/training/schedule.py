"""The learning rate over a run, as a share of its peak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scaling.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Linear warm-up, then half a cosine to zero (Loshchilov and Hutter 2016, without restarts)."""

    kind: Literal["cosine"] = "cosine"
    warmup_fraction: float = 5 / 350
    """Share of all steps spent on the warm-up (the paper: 5 of 350 epochs); a share fits any length."""

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_fraction < 1:
            raise Refused(
                f"schedule.warmup_fraction={self.warmup_fraction:g} must be at least 0 and less than 1."
            )

    def factor(self, step: int, num_steps: int) -> float:
        """Share of the peak learning rate used by step `step`, counted from 0, of `num_steps`."""
        warmup_steps = round(self.warmup_fraction * num_steps)
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        progress = (step - warmup_steps) / (num_steps - warmup_steps)
        return 0.5 * (1 + math.cos(math.pi * progress))
