"""The learning rate over a run, as a share of its peak."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from scaling.errors import Refused

Kind = Literal["cosine", "step", "wsd"]
Cooldown = Literal["1-sqrt", "linear"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A linear warm-up, then one of three ways down."""

    kind: Kind = "cosine"
    """`cosine`: half of one, to zero (Loshchilov and Hutter 2016, without restarts). `step`: multiplied by
    `step_factor` at each milestone (He et al. 2015). `wsd`, warmup-stable-decay: the peak until a cooldown to
    zero (Hägele et al. 2024, arXiv 2405.18392)."""
    warmup_fraction: float = 5 / 350
    """Share of all steps spent on the warm-up (the paper: 5 of 350 epochs); a share fits any length."""
    warmup_steps: int | None = None
    """Warm-up in steps instead of a share. With `wsd`, points of different length then share a trunk."""
    milestones: tuple[float, ...] = (1 / 3, 2 / 3, 8 / 9)
    """Milestones of `step`, as shares of all steps: epochs 30, 60 and 80 of 90."""
    step_factor: float = 0.1
    cooldown_fraction: float = 0.2
    """Share of all steps that `wsd` spends on the cooldown; more than a fifth brought nothing there."""
    cooldown: Cooldown = "1-sqrt"
    """Shape of the cooldown of `wsd`; the first one did better there."""

    def __post_init__(self) -> None:
        if not 0 <= self.warmup_fraction < 1:
            raise Refused(
                f"schedule.warmup_fraction={self.warmup_fraction:g} must be at least 0 and less than 1."
            )
        if self.warmup_steps is not None and self.warmup_steps < 0:
            raise Refused(f"schedule.warmup_steps={self.warmup_steps} must not be negative.")
        if not 0 < self.step_factor <= 1:
            raise Refused(f"schedule.step_factor={self.step_factor:g} must be above 0 and at most 1.")
        if not 0 < self.cooldown_fraction <= 1:
            raise Refused(
                f"schedule.cooldown_fraction={self.cooldown_fraction:g} must be above 0, at most 1."
            )
        if not all(0 < each < 1 for each in self.milestones) or list(self.milestones) != sorted(
            set(self.milestones)
        ):
            raise Refused(
                f"schedule.milestones={list(self.milestones)} must be rising shares of the run, such as "
                "[0.33,0.67,0.89]."
            )

    def check(self, num_steps: int) -> None:
        """Refused where a run of so many steps would end in its warm-up."""
        if self.warmup_steps is not None and self.warmup_steps >= num_steps:
            raise Refused(
                f"schedule.warmup_steps={self.warmup_steps} takes all of the {num_steps} steps of the point: "
                "use fewer."
            )

    def factor(self, step: int, num_steps: int) -> float:
        """Share of the peak learning rate used by step `step`, counted from 0, of `num_steps`."""
        warmup_steps = self._warmup(num_steps)
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        match self.kind:
            case "cosine":
                return 0.5 * (1 + math.cos(math.pi * (step - warmup_steps) / (num_steps - warmup_steps)))
            case "step":
                return self.step_factor ** sum(step >= round(each * num_steps) for each in self.milestones)
            case "wsd":
                return self._cooled(step, num_steps)

    def trunk_steps(self, num_steps: int) -> int:
        """Steps before the cooldown, with which a longer run begins as well; 0 where none does.

        A warm-up that is a share of the run has another length in a longer run.
        """
        is_shared = self.kind == "wsd" and self.warmup_steps is not None
        return num_steps - self._cooldown(num_steps) if is_shared else 0

    def _warmup(self, num_steps: int) -> int:
        return round(self.warmup_fraction * num_steps) if self.warmup_steps is None else self.warmup_steps

    def _cooldown(self, num_steps: int) -> int:
        num_left = max(0, num_steps - self._warmup(num_steps))
        return min(num_left, max(1, round(self.cooldown_fraction * num_steps)))

    def _cooled(self, step: int, num_steps: int) -> float:
        cooldown_steps = self._cooldown(num_steps)
        progress = max(0.0, (step + 1 - (num_steps - cooldown_steps)) / (cooldown_steps + 1))
        return 1 - (math.sqrt(progress) if self.cooldown == "1-sqrt" else progress)

    @property
    def idle(self) -> Collection[str]:
        """Fields that its kind does not read, and which therefore decide nothing."""
        idle: dict[Kind, Collection[str]] = {
            "cosine": ("milestones", "step_factor", "cooldown_fraction", "cooldown"),
            "step": ("cooldown_fraction", "cooldown"),
            "wsd": ("milestones", "step_factor"),
        }
        warmup = "warmup_steps" if self.warmup_steps is None else "warmup_fraction"
        return (*idle[self.kind], warmup)
