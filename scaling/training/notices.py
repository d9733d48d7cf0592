"""Notices: what the processes that train a point together tell one another, connected or not."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import timedelta
from functools import partial
from typing import Any

import torch.distributed as dist

from scaling.training.failure import PeerFailed, PeerLost, noted
from scaling.training.meeting import Meeting
from scaling.training.processes import Disconnected

log = logging.getLogger(__name__)

_FOREVER = timedelta(days=365)
"""Timeout for the next point, for which a process should wait as long as needed."""


class Notices:
    """The notices as one process posts and reads them, in a store of torch that the first process keeps."""

    def __init__(self, meeting: Meeting, timeout: timedelta) -> None:
        """Wait for the other processes; raises PeerLost if they do not come."""
        self._rank = meeting.rank
        self._size = meeting.size
        self._timeout = timeout
        self._turn = 0
        """Number of the point, counted from 1 in the order of training."""
        try:
            self.store = _store(meeting, timeout)
        except dist.DistError as error:
            raise PeerLost(f"{self._size} processes did not meet: {first_line(error)}") from error

    def announce(self, point_id: str | None) -> int:
        """Tell the others the next point, or None for the end; return the number of failures so far."""
        num_failures: int = self.store.add("groups", 0)
        self._turn += 1
        self.store.set(f"turn/{self._turn}", json.dumps({"point": point_id, "group": num_failures}))
        return num_failures

    def next_point(self) -> tuple[str | None, int]:
        """Wait for what the first process announces; raises PeerLost if it is lost."""
        self._turn += 1
        try:
            self.store.wait([f"turn/{self._turn}"], _FOREVER)
            turn = json.loads(self.store.get(f"turn/{self._turn}"))
            if turn["point"] is None:
                self.store.set(f"gone/{self._rank}", "")
        except dist.DistError as error:
            raise self._first_is_gone(error) from error
        return turn["point"], turn["group"]

    def wait_for_end(self) -> None:
        """Wait until the others have read that there is no further point, since the store ends with this
        process."""
        try:
            self.store.wait([f"gone/{rank}" for rank in range(1, self._size)], self._timeout)
        except dist.DistError as error:
            log.warning("another process did not end as it should: %s", first_line(error))

    def tell(self, error: Exception) -> None:
        """Announce how this process failed, unless another one has announced a failure."""
        trace = "".join(traceback.format_exception(error))
        said = json.dumps({"rank": self._rank, "trace": trace, "noted": noted(error)})
        try:
            self.store.compare_set(f"failure/{self._turn}", "", said)
            self.store.add("groups", 1)
        except dist.DistError as lost:
            raise self._first_is_gone(lost) from error

    def cause(self, error: Disconnected) -> PeerFailed | PeerLost:
        """Why this process was disconnected: another one has announced a failure, or was lost before that."""
        key = f"failure/{self._turn}"
        try:
            if self.store.check([key]):
                return PeerFailed(**json.loads(self.store.get(key)))
        except dist.DistError as lost:
            error = Disconnected(first_line(lost))
        log.warning("disconnected: %s", error)
        return PeerLost(f"another of the {self._size} processes that trained it is gone")

    def tell_short(self) -> None:
        """Announce that this process is short of memory. Raises DistError if the first process is gone."""
        mine = str(self._rank)
        if self.store.compare_set(f"short/{self._turn}", "", mine) == mine.encode():
            self.store.add("groups", 1)

    def is_short(self) -> bool:
        """Whether a process has announced that it is short of memory. Raises DistError like `tell_short`."""
        return bool(self.store.check([f"short/{self._turn}"]))

    def _first_is_gone(self, error: Exception) -> PeerLost:
        return PeerLost(f"process 0 of {self._size} is gone: {first_line(error)}")


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


def first_line(error: Exception) -> str:
    """The first line of the message, or the name of the exception if it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
