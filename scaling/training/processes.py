"""Processes that train one point together: what they sum and agree on. A single process never waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from torch import Tensor

from scaling.training.failure import classify
from scaling.training.stop import Stop

T = TypeVar("T")


class Disconnected(RuntimeError):
    """The other processes cannot be reached: one of them has failed, and has announced it, or is lost."""


class Processes:
    """One of `size` processes. This class is a single process, for which every method is immediate."""

    rank = 0
    size = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that reads and writes files."""
        return self.rank == 0

    def share(self, number: int) -> slice:
        """The slice of this process in a sequence of length `number`, which `size` divides."""
        each = number // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its sum over all processes, bit-identical in all of them.

        The tensors are sent as one message, in the dtype of the first. Raises Disconnected.
        """

    def from_first(self, make: Callable[[], T]) -> T:
        """Return in every process what `make` returns in the first. Raises Disconnected."""
        return make()

    def should_stop(self, stop: Stop) -> bool:
        """Whether any process was told to stop; all processes get the same answer. Raises Disconnected."""
        return stop.requested()

    def short_of_memory(self, error: Exception) -> bool:
        """Whether `error` was raised because memory ran out, in this process or another.

        If so, all processes have reconnected and can resume from the checkpoint. Raises Disconnected.
        """
        return classify(error) == "out_of_memory"

    @contextmanager
    def training(self, point_id: str) -> Iterator[None]:
        """Surround the training of a point in the first process, and tell the others to train it too.

        Raises PeerFailed if another process was the first to raise an exception, and PeerLost if one is lost.
        """
        del point_id
        yield


ALONE = Processes()
