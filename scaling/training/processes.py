"""Processes that train one point together: what they sum and agree on. One alone waits for none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from torch import Tensor

from scaling.training.failure import classify
from scaling.training.stop import Stop

T = TypeVar("T")


class Disconnected(RuntimeError):
    """The others cannot be reached: one of them has failed, and has said so before, or is gone."""


class Processes:
    """One of `size` processes; alone, the default, it waits for nobody and nothing here costs time."""

    rank = 0
    size = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that reads and writes files."""
        return self.rank == 0

    def share(self, number: int) -> slice:
        """This process's part of so many things in a row, which `size` divides."""
        each = number // self.size
        return slice(self.rank * each, (self.rank + 1) * each)

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Replace each by its sum over all processes, bit for bit the same in all.

        They travel as one message in the type of the first. Raises Disconnected.
        """

    def from_first(self, make: Callable[[], T]) -> T:
        """What `make` returns in the first process, in every one. Raises Disconnected."""
        return make()

    def should_stop(self, stop: Stop) -> bool:
        """Whether any process was told to stop; then all of them are. Raises Disconnected."""
        return stop.requested()

    def short_of_memory(self, error: Exception) -> bool:
        """Whether `error` came of memory that ran out, here or in another process.

        Then all of them have met again, and can go on from the checkpoint. Raises Disconnected.
        """
        return classify(error) == "out_of_memory"

    @contextmanager
    def training(self, point_id: str) -> Iterator[None]:
        """Around the training of a point in the first process: the others are told to train it too.

        Raises PeerFailed for what another process raised first, and PeerLost where one is gone.
        """
        del point_id
        yield


ALONE = Processes()
