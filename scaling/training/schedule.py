"""The schedule of the learning rate over a run, as a share of its peak."""

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
    """A linear warm-up, then one of three kinds of decay."""

    kind: Kind = "cosine"
    """`cosine`: half a period, to zero (Loshchilov and Hutter 2016, without restarts). `step`: multiplied by
    `step_factor` at each milestone (He et al. 2015). `wsd`, warmup-stable-decay: the peak until a cooldown to
    zero (Hägele et al. 2024, arXiv 2405.18392)."""
    warmup_fraction: float = 5 / 350
    """Share of all steps spent on the warm-up (5 of 350 epochs in the paper); it suits runs of any length."""
    warmup_steps: int | None = None
    """Steps of the warm-up, in place of a share. With `wsd`, points of different length can share a trunk."""
    milestones: tuple[float, ...] = (1 / 3, 2 / 3, 8 / 9)
    """Milestones of `step`, as shares of all steps; the default is epochs 30, 60 and 80 of 90."""
    step_factor: float = 0.1
    cooldown_fraction: float = 0.2
    """Share of all steps spent on the cooldown of `wsd`; in that paper more than a fifth gained nothing."""
    cooldown: Cooldown = "1-sqrt"
    """Shape of the cooldown of `wsd`; `1-sqrt` did better in that paper."""

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
        """Refuse a run of `num_steps` that would end within its warm-up."""
        if self.warmup_steps is not None and self.warmup_steps >= num_steps:
            raise Refused(
                f"schedule.warmup_steps={self.warmup_steps} takes all of the {num_steps} steps of the point: "
                "use fewer."
            )

    def factor(self, step: int, num_steps: int) -> float:
        """The learning rate of step `step` of `num_steps`, counted from 0, as a share of its peak."""
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
        """Number of steps before the cooldown, which longer runs begin with too; 0 if they cannot share them.

        Runs cannot share steps if the warm-up is a share of all steps, since its length then differs.
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
        """Fields that the kind of schedule does not use, so that they have no effect."""
        idle: dict[Kind, Collection[str]] = {
            "cosine": ("milestones", "step_factor", "cooldown_fraction", "cooldown"),
            "step": ("cooldown_fraction", "cooldown"),
            "wsd": ("milestones", "step_factor"),
        }
        warmup = "warmup_steps" if self.warmup_steps is None else "warmup_fraction"
        return (*idle[self.kind], warmup)
