"""Running statistics of batch norms, where several processes update them or activations are recomputed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from scaling.training.processes import Processes


@contextmanager
def at_rest(model: nn.Module) -> Iterator[None]:
    """Restore the running statistics after a backward pass that recomputes activations, since the forward
    pass has already updated them with the same images."""
    buffers = [buffer for norm in norms_of(model) for buffer in norm.buffers()]
    before = [buffer.clone() for buffer in buffers]
    yield
    torch._foreach_copy_(buffers, before)


def norms_of(model: nn.Module) -> list[_BatchNorm]:
    """The batch norms of a network, in order."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


class Statistics:
    """Makes the running statistics of several processes those of one process that sees all norm batches.

    Call `begin` before the `num_norm_batches` of this process in a step, and `contributions` and `end` after
    them. A single process updates a statistic r with each norm batch's b as r <- a r + (1 - a) b, where
    a = 1 - momentum. With n norm batches each, process i of 0 to P - 1 moves r to r_i = a^n r + d_i. A single
    process would apply these updates one after another, which gives
    a^(nP) r + the sum of a^(n(P - 1 - i)) d_i over all i.
    """

    def __init__(self, model: nn.Module, processes: Processes, num_norm_batches: int) -> None:
        norms = [norm for norm in norms_of(model) if norm.training]  # frozen norms do not change
        self._counts = [norm.get_buffer("num_batches_tracked") for norm in norms]
        self._uncounted = num_norm_batches * (processes.size - 1)
        self._values = [norm.get_buffer(f"running_{of}") for norm in norms for of in ("mean", "var")]
        kept = [(1 - cast(float, norm.momentum)) ** num_norm_batches for norm in norms for _ in range(2)]
        later = processes.size - 1 - processes.rank
        self._kept_by_one = kept
        self._kept_by_later = [share**later for share in kept]
        self._kept_by_all = [share**processes.size for share in kept]
        self._before = [value.clone() for value in self._values]

    @torch.no_grad()
    def begin(self) -> None:
        """Store the current statistics."""
        if self._values:
            torch._foreach_copy_(self._before, self._values)

    @torch.no_grad()
    def contributions(self) -> list[Tensor]:
        """The terms of this process, one tensor per statistic, to be summed over all processes."""
        if not self._values:
            return []
        moved = list(torch._foreach_sub(self._values, torch._foreach_mul(self._before, self._kept_by_one)))
        torch._foreach_mul_(moved, self._kept_by_later)
        return moved

    @torch.no_grad()
    def end(self, sums: list[Tensor]) -> None:
        """Set the statistics from the summed contributions."""
        if not self._values:
            return
        torch._foreach_copy_(self._values, torch._foreach_mul(self._before, self._kept_by_all))
        torch._foreach_add_(self._values, sums)
        torch._foreach_add_(self._counts, self._uncounted)
