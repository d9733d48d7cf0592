"""One of several processes that train a point together: how they meet, sum tensors, and report a failure.

Gradients are summed here rather than by DistributedDataParallel, for two reasons: it reorders its buckets
after the first step, so that a resumed run would sum in another order, and it keeps its connections open, so
that processes waiting for one that has failed would wait until the timeout.
"""

from __future__ import annotations

import gc
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
import torch.distributed.nn  # imported before any group: its functions would keep an existing one connected
from torch import Tensor

from scaling.study.result import Failure
from scaling.training.backends import check_gpus, group_options
from scaling.training.failure import Diverged, PeerFailed, PeerLost, Stopped, noted
from scaling.training.meeting import Meeting
from scaling.training.processes import Disconnected, Processes, T
from scaling.training.stop import Stop

log = logging.getLogger(__name__)

_REASONS: tuple[Failure | None, ...] = (None, "timeout", "preempted")
"""Reasons to stop a process; if processes have different ones, the last of this list counts."""

_FOREVER = timedelta(days=365)
"""Timeout for the next point, for which a process should wait as long as needed."""


class Joined(Processes):
    """One of several processes that are connected."""

    def __init__(self, meeting: Meeting, device: torch.device) -> None:
        """Wait for the others; raises PeerLost if they do not come. This process computes on `device`."""
        self._device = device
        self.rank = meeting.rank
        self.size = meeting.size
        self._timeout = timedelta(seconds=meeting.timeout_s)
        self._turn = 0
        self._group: int | None = None
        self._group_told = 0
        try:
            self._store = _store(meeting, self._timeout)
        except dist.DistError as error:
            raise PeerLost(f"{self.size} processes did not meet: {_first_line(error)}") from error

    def sum(self, tensors: Sequence[Tensor]) -> None:
        together = torch.cat([tensor.reshape(-1).to(tensors[0].dtype) for tensor in tensors])
        _reached(lambda: dist.all_reduce(together))
        if together.device.type != "cpu":  # NCCL returns at once; without its peers, the GPU would hang
            _reached(lambda: dist.all_reduce(torch.zeros(())))
        sums = torch.split(together, [tensor.numel() for tensor in tensors])
        for tensor, summed in zip(tensors, sums, strict=True):
            tensor.copy_(summed.view(tensor.shape))

    def from_first(self, make: Callable[[], T]) -> T:
        values = [make() if self.is_first else None]
        _reached(lambda: dist.broadcast_object_list(values, src=0, device=torch.device("cpu")))
        return values[0]  # type: ignore[return-value]

    def should_stop(self, stop: Stop) -> bool:
        told = torch.tensor(1 + _REASONS.index(stop.failure) if stop.requested() else 0)
        _reached(lambda: dist.all_reduce(told, op=dist.ReduceOp.MAX))
        if told:
            stop.tell(_REASONS[int(told) - 1])
        return bool(told)

    def short_of_memory(self, error: Exception) -> bool:
        key = f"short/{self._turn}"
        try:
            if super().short_of_memory(error):
                if self._store.compare_set(key, "", str(self.rank)) == str(self.rank).encode():
                    self._store.add("groups", 1)
            elif not isinstance(error, Disconnected) or not self._store.check([key]):
                return False
        except dist.DistError:
            return False
        self._leave()
        self._group_told += 1
        self._form_group()
        return True

    @contextmanager
    def training(self, point_id: str) -> Iterator[None]:
        self._announce(point_id)
        with self._as_one():
            yield

    def follow(self) -> Iterator[str]:
        """Yield the points that the first process starts, until it calls `dismiss`; for all other processes.

        Raises PeerLost if the first process is lost.
        """
        while (point_id := self._told()) is not None:
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
        self._announce(None)
        try:
            self._store.wait([f"gone/{rank}" for rank in range(1, self.size)], self._timeout)
        except dist.DistError as error:
            log.warning("another process did not end as it should: %s", _first_line(error))
        self._leave()

    def _announce(self, point_id: str | None) -> None:
        group = self._store.add("groups", 0)  # increased by each failure of a process
        self._turn += 1
        self._store.set(f"turn/{self._turn}", json.dumps({"point": point_id, "group": group}))
        self._group_told = group

    def _told(self) -> str | None:
        self._turn += 1
        try:
            self._store.wait([f"turn/{self._turn}"], _FOREVER)
            turn = json.loads(self._store.get(f"turn/{self._turn}"))
            if turn["point"] is None:
                self._store.set(f"gone/{self.rank}", "")
        except dist.DistError as error:
            self._leave()
            raise PeerLost(f"process 0 of {self.size} is gone: {_first_line(error)}") from error
        self._group_told = turn["group"]
        point_id: str | None = turn["point"]
        return point_id

    @contextmanager
    def _as_one(self) -> Iterator[None]:
        """Make the exception of the first process to fail end all of them. A process that fails announces it
        before it disconnects."""
        try:
            self._form_group()
            yield
        except (Diverged, Stopped):  # raised in all processes after the same step
            raise
        except Disconnected as error:
            cause = self._cause(error)
            self._leave()
            raise cause from None
        except Exception as error:
            self._tell(error)
            self._leave()
            raise

    def _form_group(self) -> None:
        if self._group == self._group_told:
            return
        if self._group is not None:
            self._leave()
        _reached(lambda: check_gpus(self._store, self.rank, self.size, self._device))
        store = dist.PrefixStore(f"group/{self._group_told}", self._store)  # type: ignore[attr-defined]
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
        group = dist.group.WORLD
        if group is not None:
            group.abort()  # ends operations that are running on a GPU
            del group
            dist.destroy_process_group()
            gc.collect()  # gloo closes its connections when nothing refers to the group any more

    def _tell(self, error: Exception) -> None:
        """Announce how this process failed, unless another one has announced a failure."""
        trace = "".join(traceback.format_exception(error))
        said = json.dumps({"rank": self.rank, "trace": trace, "noted": noted(error)})
        try:
            self._store.compare_set(f"failure/{self._turn}", "", said)
            self._store.add("groups", 1)
        except dist.DistError as lost:
            raise PeerLost(f"process 0 of {self.size} is gone: {_first_line(lost)}") from error

    def _cause(self, error: Disconnected) -> PeerFailed | PeerLost:
        """Why this process was disconnected: another one has announced a failure, or was lost before that."""
        key = f"failure/{self._turn}"
        try:
            if self._store.check([key]):
                return PeerFailed(**json.loads(self._store.get(key)))
        except dist.DistError as lost:
            error = Disconnected(_first_line(lost))
        log.warning("disconnected: %s", error)
        return PeerLost(f"another of the {self.size} processes that trained it is gone")


def _store(meeting: Meeting, timeout: timedelta) -> Any:
    """The store, in process 0, so that it closes with that process and the others notice its loss at once."""
    is_first = meeting.rank == 0
    where, tcp = meeting.address, partial(dist.TCPStore, timeout=timeout)  # type: ignore[attr-defined]
    if meeting.board is None:
        return tcp(where, meeting.port, meeting.size, is_master=is_first)
    board = dist.PrefixStore(meeting.board, tcp(where, meeting.port))  # type: ignore[attr-defined]
    if not is_first:
        return tcp(where, int(board.get("port")), meeting.size)
    store = tcp(where, 0, meeting.size, is_master=True, wait_for_workers=False)
    board.set("port", str(store.port))
    return store


def _reached(collective: Callable[[], object]) -> None:
    """Run a collective operation; raises Disconnected, with no reference to a frame that uses the group."""
    failed = None
    try:
        collective()
    except RuntimeError as error:
        failed = _first_line(error)
    if failed is not None:
        raise Disconnected(failed)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
