"""One of several processes that train a point together: how they connect, sum tensors and fail as one.

Gradients are summed here rather than by DistributedDataParallel, for two reasons: it reorders its buckets
after the first step, so that a resumed run would sum in another order, and it keeps its connections open, so
that processes waiting for one that has failed would wait until the timeout.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
import torch.distributed.nn  # imported before any group: its functions would keep an existing one connected
from torch import Tensor

from scaling.study.result import Failure
from scaling.training.backends import check_gpus, group_options
from scaling.training.failure import Diverged, PeerFailed, PeerLost, Stopped
from scaling.training.meeting import Meeting
from scaling.training.notices import Notices, first_line
from scaling.training.processes import Disconnected, Processes, T
from scaling.training.stop import Stop

log = logging.getLogger(__name__)

_REASONS: tuple[Failure | None, ...] = (None, "timeout", "preempted")
"""Reasons to stop a process; if processes have different ones, the last of this list counts."""


class Joined(Processes):
    """One of several processes that are connected."""

    def __init__(self, meeting: Meeting, device: torch.device) -> None:
        """Wait for the others; raises PeerLost if they do not come. This process computes on `device`."""
        self._device = device
        self.rank = meeting.rank
        self.size = meeting.size
        self._timeout = timedelta(seconds=meeting.timeout_s)
        self._group: int | None = None
        self._group_told = 0
        """Number of the group to be in: a failure breaks a group up, and the next one is numbered by it."""
        self._stop: Stop | None = None
        self._all_told: Tensor | None = None
        """Number of processes told to stop, by reason; None unless it was exchanged since the last answer."""
        self._notices = Notices(meeting, self._timeout)

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Also find out who was told to stop, so that the next `should_stop` needs no message of its own."""
        told, is_on_cpu = self._told_to_stop(), tensors[0].device.type == "cpu"
        parts = [*tensors, told] if is_on_cpu else [*tensors]
        together = torch.cat([part.reshape(-1).to(tensors[0].dtype) for part in parts])
        _reached(lambda: dist.all_reduce(together))
        if not is_on_cpu:  # NCCL returns at once; without its peers, the GPU would hang
            _reached(lambda: dist.all_reduce(told))
        sums = torch.split(together, [part.numel() for part in parts])
        for part, summed in zip(parts, sums, strict=True):
            part.copy_(summed.view(part.shape))
        self._all_told = told

    def from_first(self, make: Callable[[], T]) -> T:
        values = [make() if self.is_first else None]
        _reached(lambda: dist.broadcast_object_list(values, src=0, device=torch.device("cpu")))
        return values[0]  # type: ignore[return-value]

    def should_stop(self, stop: Stop) -> bool:
        """Answers with what the last `sum` found out, unless there was none since the last answer."""
        self._stop = stop
        told, self._all_told = self._all_told, None
        if told is None:
            told = self._told_to_stop()
            _reached(lambda: dist.all_reduce(told))
        reasons = told.nonzero()
        if len(reasons):
            stop.tell(_REASONS[int(reasons[-1])])
        return len(reasons) > 0

    def _told_to_stop(self) -> Tensor:
        """1 at the reason for which this process was told to stop, else 0, to be summed over all."""
        told = torch.zeros(len(_REASONS))
        if self._stop is not None and self._stop.requested():
            told[_REASONS.index(self._stop.failure)] = 1
        return told

    def short_of_memory(self, error: Exception) -> bool:
        try:
            if super().short_of_memory(error):
                self._notices.tell_short()
            elif not isinstance(error, Disconnected) or not self._notices.is_short():
                return False
        except dist.DistError:
            return False
        self._leave()
        self._group_told += 1
        self._form_group()
        return True

    @contextmanager
    def training(self, point_id: str) -> Iterator[None]:
        self._group_told = self._notices.announce(point_id)
        with self._as_one():
            yield

    def follow(self) -> Iterator[str]:
        """Yield the points that the first process starts, until it calls `dismiss`; for all other processes.

        Raises PeerLost if the first process is lost.
        """
        while (point_id := self._next_point()) is not None:
            yield point_id
        self._leave()

    def train_along(self, train: Callable[[], None]) -> None:
        """Run `train` of a point in a process other than the first. Raises PeerLost if a process is lost."""
        try:
            with self._as_one():
                train()
        except (Diverged, Stopped, PeerFailed) as error:
            log.info("%s", error)
        except Exception:
            log.exception("failed")  # the first process has been told, and notes the failure

    def dismiss(self) -> None:
        """Let the other processes end, and wait for that, since they need the store in this process."""
        self._notices.announce(None)
        self._notices.wait_for_end()
        self._leave()

    def _next_point(self) -> str | None:
        try:
            point_id, self._group_told = self._notices.next_point()
        except PeerLost:
            self._leave()
            raise
        return point_id

    @contextmanager
    def _as_one(self) -> Iterator[None]:
        """Make the exception of the first process to fail end all of them. A process that fails announces it
        before it disconnects."""
        self._all_told = None
        try:
            self._form_group()
            yield
        except (Diverged, Stopped):  # raised in all processes after the same step
            raise
        except Disconnected as error:
            cause = self._notices.cause(error)
            self._leave()
            raise cause from None
        except Exception as error:
            self._notices.tell(error)
            self._leave()
            raise

    def _form_group(self) -> None:
        if self._group == self._group_told:
            return
        if self._group is not None:
            self._leave()
        _reached(lambda: check_gpus(self._notices.store, self.rank, self.size, self._device))
        store = dist.PrefixStore(f"group/{self._group_told}", self._notices.store)  # type: ignore[attr-defined]
        _reached(
            lambda: dist.init_process_group(
                **group_options(self._device),
                store=store,
                rank=self.rank,
                world_size=self.size,
                timeout=self._timeout,
            )
        )
        self._group = self._group_told

    def _leave(self) -> None:
        """Close the connections, so that no process waits for this one."""
        self._group = None
        self._all_told = None  # perhaps not all processes got it
        group = dist.group.WORLD
        if group is not None:
            group.abort()  # ends operations that are running on a GPU
            del group
            dist.destroy_process_group()
            gc.collect()  # gloo closes its connections when nothing refers to the group any more


def _reached(collective: Callable[[], object]) -> None:
    """Run a collective operation; raises Disconnected, with no reference to a frame that uses the group."""
    failed = None
    try:
        collective()
    except RuntimeError as error:
        failed = first_line(error)
    if failed is not None:
        raise Disconnected(failed)
