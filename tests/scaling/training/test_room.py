"""The room that workers share: what fits, and what becomes of what a dead one had taken."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from scaling.training.room import Room

NEEDS = {"large": 3.0, "middle": 2.0, "small": 1.0, "huge": 9.0}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """Of 4 GB."""
    return Room(ledger=tmp_path / "room.json", size_gb=4.0, needs_gb=NEEDS)


class Other:
    """A process that has taken a point."""

    def __init__(self, room: Room, point_id: str) -> None:
        here, there = multiprocessing.Pipe()
        self._pipe = here
        self._process = multiprocessing.get_context("spawn").Process(
            target=_take, args=(room, point_id, there)
        )
        self._process.start()
        self.taken = here.recv()

    def end(self, number: signal.Signals | None = None) -> None:
        """Let it leave the room, or kill it."""
        if number is not None:
            os.kill(self._process.pid or 0, number)
        else:
            self._pipe.send("leave")
        self._process.join(20)


def _take(room: Room, point_id: str, pipe: Connection) -> None:
    pipe.send(room.take([point_id]))
    pipe.recv()
    room.leave()


@pytest.mark.parametrize("how", [None, signal.SIGKILL])
def test_the_first_that_fits_is_taken(room: Room, how: signal.Signals | None) -> None:
    other = Other(room, "middle")
    assert other.taken == "middle"
    try:
        assert room.take(["large"]) is None
        assert room.take(["large", "middle", "small"]) == "middle"
        room.leave()
    finally:
        other.end(how)
    assert room.take(["large"]) == "large", "what the other had taken is free again"


def test_what_needs_more_than_there_is_trains_alone(room: Room) -> None:
    assert room.take(["huge"]) == "huge"
    other = Other(room, "small")
    assert other.taken is None
    other.end()
